/** `signpost watch …`: what is watched, and who is expected to sign it. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';

const path = '/api/watch/sources';
const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

/** `signpost watch add`. */
export const watchAdd: CommandSpec = {
  words: 'watch add',
  arguments: '<source>',
  summary: 'Begin to watch who signs an image, a package, a project, a feed or a repository',
  details: [
    'A source is oci:registry/repository (or an image as everybody writes it), npm:name, signpost:host/project, feed:https://… or git:host/owner/repository. Tags, versions and digests are left out of it. See docs/watch.md.',
  ],
  options: [
    {
      flags: '--learning <preset>',
      text: 'when a line is known: after three artifacts on three days, or after a day of looking',
      choices: ['usual', 'first-day'],
      fallback: 'usual',
    },
    { flags: '--repository <url>', text: 'where the source says that it comes from' },
    { flags: '--development', text: 'it is used while developing only, so findings weigh less' },
  ],
  examples: ['signpost watch add ghcr.io/org/app', 'signpost watch add npm:@scope/name --development'],
  run: add,
};

/** `signpost watch list`. */
export const watchList: CommandSpec = {
  words: 'watch list',
  summary: 'List what is watched',
  options: [{ flags: '--after <key>', text: 'go on after this key' }],
  examples: ['signpost watch list'],
  run: list,
};

/** `signpost watch show`. */
export const watchShow: CommandSpec = {
  words: 'watch show',
  arguments: '<id>',
  summary: 'Show a source: its lines, how well they are known, and who is accepted',
  examples: [`signpost watch show ${example}`],
  run: show,
};

/** `signpost watch history`. */
export const watchHistory: CommandSpec = {
  words: 'watch history',
  arguments: '<id>',
  summary: 'Show every revision of what is accepted of a source, with its cause',
  examples: [`signpost watch history ${example}`],
  run: history,
};

/** `signpost watch remove`. */
export const watchRemove: CommandSpec = {
  words: 'watch remove',
  arguments: '<id>',
  summary: 'Stop watching a source; what was seen and decided is kept',
  examples: [`signpost watch remove ${example}`],
  run: remove,
};

/** `signpost watch announce`. */
export const watchAnnounce: CommandSpec = {
  words: 'watch announce',
  arguments: '<id>',
  summary: 'Say who is going to sign a source, before it happens, so that it is no finding',
  options: [
    { flags: '--issuer <url>', text: 'who vouches for the identity' },
    { flags: '--subject <text>', text: 'the identity, for a workflow without its ref' },
    { flags: '--key <sha256>', text: 'or a key, by the SHA-256 of its SubjectPublicKeyInfo', repeatable: true },
    { flags: '--until <time>', text: 'the end, such as 2026-12-31T00:00:00Z', required: true },
    { flags: '--reason <text>', text: 'a line for people', required: true },
  ],
  examples: [
    `signpost watch announce ${example} --issuer https://token.actions.githubusercontent.com --subject https://github.com/org/new/.github/workflows/release.yml --until 2026-12-31T00:00:00Z --reason "the project moves"`,
  ],
  run: announce,
};

async function add(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const repository = options.text('repository');
  const body = {
    source: readArgument(invocation, 0),
    learning: options.requiredText('learning'),
    development: options.flag('development'),
    ...(repository !== undefined && { declared_repository: repository }),
  };
  const document = await (await connectAuthenticated(invocation)).request('POST', path, { body });
  return { document, lines: [`${textOf(document, 'key')} is watched as ${textOf(document, 'id')}.`] };
}

async function list(invocation: Invocation): Promise<Answer> {
  const after = invocation.options.text('after');
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
  const document = await (await connectAuthenticated(invocation)).read(`${path}${query}`);
  const columns = ['id', 'key', 'development', 'created_at'];
  const rows = objectsOf(document, 'sources').map((row) => columns.map((name) => cellOf(row, name)));
  return { document, lines: formatTable(columns, rows) };
}

async function show(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(pathOf(invocation));
  const pairs = ['key', 'declared_repository', 'created_at'].map((name) => [name, cellOf(document, name)] as const);
  const look = document.look === null ? {} : asObject(document.look);
  const looks = ['last', 'next', 'answered', 'unanswered_since', 'unanswered_reason'].map(
    (name) => [`look: ${name}`, cellOf(look, name)] as const,
  );
  const rows = objectsOf(document, 'lines').flatMap(describeLine);
  return {
    document,
    lines: [...formatPairs([...pairs, ...looks]), ...formatTable(['line', 'state', 'signer', 'counts as'], rows)],
  };
}

function describeLine(line: JsonObject): string[][] {
  const [name, state] = [cellOf(line, 'name'), cellOf(line, 'state')];
  const signers = [
    ...objectsOf(line, 'identities').map((row) => [cellOf(asObject(row.identity), 'subject'), cellOf(row, 'state')]),
    ...objectsOf(line, 'keys').map((row) => [cellOf(row, 'key'), cellOf(row, 'state')]),
  ];
  return (signers.length === 0 ? [['nobody', '']] : signers).map((signer) => [name, state, ...signer]);
}

async function history(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(`${pathOf(invocation)}/history`);
  const columns = ['line', 'version', 'state', 'cause', 'created_at'];
  const rows = objectsOf(document, 'revisions').map((row) => columns.map((name) => cellOf(row, name)));
  return { document, lines: formatTable(columns, rows) };
}

async function remove(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await invocation.prompt.confirm(`Stop watching ${id}? What changes there is told to nobody any more.`);
  await client.request('DELETE', pathOf(invocation));
  return { document: { id, removed: true }, lines: [`${id} is not watched any more.`] };
}

async function announce(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [issuer, subject] = [options.text('issuer'), options.text('subject')];
  if ((issuer === undefined) !== (subject === undefined)) {
    throw new Failure('usage', 'expected --issuer and --subject together');
  }
  const body = {
    identities: issuer === undefined ? [] : [{ issuer, subject: subject ?? '' }],
    keys: options.texts('key'),
    valid_to: new Date(options.requiredText('until')).toISOString(),
    reason: options.requiredText('reason'),
  };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', `${pathOf(invocation)}/announcements`, { body });
  return { document, lines: [`Expected until ${textOf(document, 'valid_to')}, as ${textOf(document, 'id')}.`] };
}

function pathOf(invocation: Invocation): string {
  return `${path}/${encodeURIComponent(readArgument(invocation, 0))}`;
}
