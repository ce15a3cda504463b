/** `signpost watch findings`, `accept`, `reject`…: what differs, and what you say of it. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { cellOf, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';

const path = '/api/watch/findings';
const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';
const reason: OptionSpec = { flags: '--reason <text>', text: 'why, for the history', required: true };

/** `signpost watch findings`. */
export const watchFindings: CommandSpec = {
  words: 'watch findings',
  summary: 'List what differs from what was accepted, the newest first',
  options: [
    {
      flags: '--state <state>',
      text: 'which ones',
      choices: ['open', 'acknowledged', 'accepted', 'rejected', 'benign', 'resolved', 'collapsed'],
      fallback: 'open',
    },
    { flags: '--source <id>', text: 'of one source only' },
  ],
  examples: ['signpost watch findings', 'signpost watch findings --state accepted --json'],
  run: list,
};

/** `signpost watch finding`. */
export const watchFinding: CommandSpec = {
  words: 'watch finding',
  arguments: '<id>',
  summary: 'Show a finding with before and after, its history, and a text for the maintainer upstream',
  examples: [`signpost watch finding ${example}`],
  run: show,
};

/** `signpost watch acknowledge`. */
export const watchAcknowledge: CommandSpec = {
  words: 'watch acknowledge',
  arguments: '<id>',
  summary: 'Say that somebody looks into a finding',
  options: [reason],
  examples: [`signpost watch acknowledge ${example} --reason "asked upstream"`],
  run: (invocation) => say(invocation, 'acknowledge'),
};

/** `signpost watch accept`. */
export const watchAccept: CommandSpec = {
  words: 'watch accept',
  arguments: '<id>',
  summary: 'Accept a change: for good, or until a time',
  details: [
    'Where the organisation asks for two people, what is critical waits until another person accepts it in the same words.',
  ],
  options: [
    { flags: '--scope <scope>', text: 'where it holds', choices: ['line', 'source'], fallback: 'line' },
    { flags: '--until <time>', text: 'let it go until then, and make nothing usual' },
    reason,
  ],
  examples: [
    `signpost watch accept ${example} --reason "the project moved, announced on its page"`,
    `signpost watch accept ${example} --until 2026-12-31T00:00:00Z --reason "fixed in the next release"`,
  ],
  run: (invocation) => say(invocation, 'accept'),
};

/** `signpost watch reject`. */
export const watchReject: CommandSpec = {
  words: 'watch reject',
  arguments: '<id>',
  summary: 'Call a finding an attack: whoever signed is never trusted, what they signed is quarantined',
  options: [reason],
  examples: [`signpost watch reject ${example} --reason "the maintainers know nothing of it"`],
  run: (invocation) => say(invocation, 'reject'),
};

/** `signpost watch dismiss`. */
export const watchDismiss: CommandSpec = {
  words: 'watch dismiss',
  arguments: '<id>',
  summary: 'Say that a finding was nothing, this time',
  options: [reason],
  examples: [`signpost watch dismiss ${example} --reason "a mirror that was late"`],
  run: (invocation) => say(invocation, 'dismiss'),
};

async function list(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const query = new URLSearchParams({ state: options.requiredText('state') });
  const source = options.text('source');
  if (source !== undefined) query.set('source', source);
  const document = await (await connectAuthenticated(invocation)).read(`${path}?${query}`);
  const columns = ['id', 'severity', 'title', 'source', 'line', 'last_seen_at'];
  const rows = objectsOf(document, 'findings').map((row) => columns.map((name) => cellOf(row, name)));
  return { document, lines: formatTable(columns, rows) };
}

async function show(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(pathOf(invocation));
  const names = [
    'title',
    'kind',
    'severity',
    'state',
    'source',
    'line',
    'sentence',
    'benign',
    'opened_at',
    'last_seen_at',
  ];
  const pairs = names.map((name) => [name, cellOf(document, name)] as const);
  const ends = ['before', 'after'].flatMap((name) => textsOf(document, name).map((text) => [name, text] as const));
  const events = objectsOf(document, 'history').map((row) =>
    ['created_at', 'act', 'note'].map((name) => cellOf(row, name)),
  );
  return {
    document,
    lines: [
      ...formatPairs([...pairs, ...ends]),
      ...formatTable(['when', 'what', 'why'], events),
      '',
      ...textOf(document, 'upstream').split('\n'),
    ],
  };
}

async function say(invocation: Invocation, verdict: string): Promise<Answer> {
  const { options } = invocation;
  const isAccepted = verdict === 'accept';
  const until = isAccepted ? options.text('until') : undefined;
  const body = {
    ...{ verdict, reason: options.requiredText('reason') },
    ...(isAccepted && { scope: options.requiredText('scope') }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', `${pathOf(invocation)}/verdict`, { body });
  const waits = document.awaits_second_person === true ? '; another person must accept it as well' : '';
  return { document, lines: [`Finding ${textOf(document, 'id')} is ${textOf(document, 'state')}${waits}.`] };
}

function pathOf(invocation: Invocation): string {
  return `${path}/${encodeURIComponent(readArgument(invocation, 0))}`;
}
