/** `signpost watch notify …`: who is told of findings by mail. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';

const path = '/api/notifications';
const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

/** `signpost watch notify add`. */
export const watchNotifyAdd: CommandSpec = {
  words: 'watch notify add',
  arguments: '<address>',
  summary: 'Have an address told of findings by mail, once whoever reads it has confirmed',
  details: [
    'The address is asked first, by a code that holds for 24 hours; nothing else is sent to it before. What happens to a finding is told once. Mail needs SIGNPOST_SMTP_URL (docs/operations.md).',
  ],
  options: [
    {
      flags: '--severity <least>',
      text: 'this or worse',
      choices: ['note', 'low', 'medium', 'high', 'critical'],
      fallback: 'medium',
    },
    { flags: '--daily', text: 'in one mail a day, at 06:00 UTC, and none when nothing happened' },
  ],
  examples: [
    'signpost watch notify add security@example.org --severity high',
    'signpost watch notify add team@example.org --severity note --daily',
  ],
  run: add,
};

/** `signpost watch notify confirm`. */
export const watchNotifyConfirm: CommandSpec = {
  words: 'watch notify confirm',
  arguments: '<code>',
  summary: 'Confirm an address by the code that was sent to it; no login is needed',
  examples: ['signpost watch notify confirm QmVhcnMgYmVlcyBhbmQgYmVhdmVy --server https://sign.example.org'],
  run: confirm,
};

/** `signpost watch notify list`. */
export const watchNotifyList: CommandSpec = {
  words: 'watch notify list',
  summary: 'List who is told of findings by mail',
  examples: ['signpost watch notify list'],
  run: list,
};

/** `signpost watch notify remove`. */
export const watchNotifyRemove: CommandSpec = {
  words: 'watch notify remove',
  arguments: '<id>',
  summary: 'Tell an address nothing more; what waits for it is not sent',
  examples: [`signpost watch notify remove ${example}`],
  run: remove,
};

/** `signpost watch notify test`. */
export const watchNotifyTest: CommandSpec = {
  words: 'watch notify test',
  arguments: '<id>',
  summary: 'Send a mail to an address that has confirmed, to see whether mail arrives',
  examples: [`signpost watch notify test ${example}`],
  run: test,
};

const columns = ['id', 'address', 'least_severity', 'pace', 'confirmed_at', 'sent_at'];

async function add(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const body = {
    address: readArgument(invocation, 0),
    least_severity: options.requiredText('severity'),
    pace: options.flag('daily') ? 'daily' : 'immediately',
  };
  const document = await (await connectAuthenticated(invocation)).request('POST', path, { body });
  return answerPairs(document, columns, 'The address is asked; it is told nothing before it has confirmed.');
}

async function confirm(invocation: Invocation): Promise<Answer> {
  const body = { code: readArgument(invocation, 0) };
  const document = await (await connect(invocation)).request('POST', `${path}/confirmation`, { body });
  return { document, lines: ['Confirmed: the address is told from now on.'] };
}

async function list(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(path);
  const answer = answerTable(document, 'subscriptions', columns);
  const notice = document.enabled === false ? ['This server sends no mail: SIGNPOST_SMTP_URL names no server.'] : [];
  return { document, lines: [...notice, ...(answer.lines ?? [])] };
}

async function remove(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await client.request('DELETE', `${path}/${encodeURIComponent(id)}`);
  return { document: { id, removed: true }, lines: [`Subscription ${id} is removed.`] };
}

async function test(invocation: Invocation): Promise<Answer> {
  const id = encodeURIComponent(readArgument(invocation, 0));
  const document = await (await connectAuthenticated(invocation)).request('POST', `${path}/${id}/test`);
  return answerPairs(document, ['id', 'address'], 'A mail is under way.');
}
