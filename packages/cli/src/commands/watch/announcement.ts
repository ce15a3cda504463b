/** `signpost watch announcements`, `vouches`, `withdraw`: who is expected to sign, by whose word, and not any more. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';
const listOptions: readonly OptionSpec[] = [
  { flags: '--source <id>', text: 'of one source only' },
  { flags: '--all', text: 'those that are over or withdrawn, too' },
  { flags: '--before <id>', text: 'go on before this one' },
];

/** `signpost watch announcements`. */
export const watchAnnouncements: CommandSpec = {
  words: 'watch announcements',
  summary: 'List who was announced to sign, and until when that counts',
  options: listOptions,
  examples: ['signpost watch announcements', `signpost watch announcements --source ${example} --all`],
  run: (invocation) => list(invocation, 'announcement'),
};

/** `signpost watch vouches`. */
export const watchVouches: CommandSpec = {
  words: 'watch vouches',
  summary: 'List the statements that were handed in, by which a known signer vouches for another one',
  options: listOptions,
  examples: ['signpost watch vouches'],
  run: (invocation) => list(invocation, 'vouch'),
};

/** `signpost watch withdraw`. */
export const watchWithdraw: CommandSpec = {
  words: 'watch withdraw',
  arguments: '<source> <id>',
  summary: 'Take an announcement or a statement back; who was accepted by it stays accepted',
  examples: [`signpost watch withdraw ${example} 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4f`],
  run: withdraw,
};

async function list(invocation: Invocation, kind: 'announcement' | 'vouch'): Promise<Answer> {
  const { options } = invocation;
  const [source, before] = [options.text('source'), options.text('before')];
  const query = new URLSearchParams({ kind, state: options.flag('all') ? 'all' : 'open' });
  if (source !== undefined) query.set('source', source);
  if (before !== undefined) query.set('before', before);
  const document = await (await connectAuthenticated(invocation)).read(`/api/watch/announcements?${query}`);
  const columns = ['id', 'source', 'state', 'valid_from', 'valid_to'];
  const rows = objectsOf(document, 'announcements').map((row) => [
    ...columns.map((name) => cellOf(row, name)),
    nameSigners(row),
    cellOf(row, 'reason'),
  ]);
  return { document, lines: formatTable([...columns, 'signers', 'reason'], rows) };
}

function nameSigners(row: JsonObject): string {
  const identities = objectsOf(row, 'identities').map((one) => cellOf(asObject(one), 'subject'));
  return [...identities, ...textsOf(row, 'keys')].join(', ');
}

async function withdraw(invocation: Invocation): Promise<Answer> {
  const [source, id] = [readArgument(invocation, 0), readArgument(invocation, 1)];
  const path = `/api/watch/sources/${encodeURIComponent(source)}/announcements/${encodeURIComponent(id)}`;
  await (await connectAuthenticated(invocation)).request('DELETE', path);
  return { document: { id, withdrawn: true }, lines: [`${id} counts no longer.`] };
}
