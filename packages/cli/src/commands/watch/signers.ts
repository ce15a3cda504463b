/** `signpost watch cases`, `declare`, `retire`, `revoke`, `mirror`: what people say of signers and places without a finding. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { cellOf, objectsOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';
/** Claims that narrow an identity, by their options. */
export const claimOptions = {
  'ref-type': 'refType',
  'owner-id': 'ownerId',
  'repository-id': 'repositoryId',
  repository: 'repository',
  workflow: 'workflow',
} as const;
const signerOptions: readonly OptionSpec[] = [
  { flags: '--issuer <url>', text: 'who vouches for the identity' },
  { flags: '--subject <text>', text: 'the identity, for a workflow without its ref; it must have been seen' },
  {
    flags: '--ref-type <type>',
    text: 'only where it ran for such a ref',
    choices: ['tag', 'branch', 'pull-request', 'other'],
  },
  { flags: '--owner-id <number>', text: 'only of the owner with this number' },
  { flags: '--repository-id <number>', text: 'only of the repository with this number' },
  { flags: '--repository <url>', text: 'only of this repository' },
  { flags: '--workflow <path>', text: 'only by this workflow' },
  { flags: '--key <sha256>', text: 'or a key, by the SHA-256 of its SubjectPublicKeyInfo', repeatable: true },
  { flags: '--line <name>', text: 'in this line only, which need not be there yet' },
  { flags: '--reason <text>', text: 'why, for the history', required: true },
];

/** `signpost watch cases`. */
export const watchCases: CommandSpec = {
  words: 'watch cases',
  summary: 'List artifacts with open findings, each with all of them and how bad the worst is',
  options: [{ flags: '--before <number>', text: 'go on before this one' }],
  examples: ['signpost watch cases', 'signpost watch cases --json'],
  run: list,
};

/** `signpost watch declare`. */
export const watchDeclare: CommandSpec = {
  words: 'watch declare',
  arguments: '<id>',
  summary: 'Declare who signs a source: these and no others, and nothing is learned any more',
  options: signerOptions,
  examples: [
    `signpost watch declare ${example} --issuer https://token.actions.githubusercontent.com --subject https://github.com/org/app/.github/workflows/release.yml --reason "their security page says so"`,
  ],
  run: (invocation) => decide(invocation, 'declare'),
};

/** `signpost watch retire`. */
export const watchRetire: CommandSpec = {
  words: 'watch retire',
  arguments: '<id>',
  summary: 'Say that somebody signs a source no longer; whoever comes back is a finding',
  options: signerOptions,
  examples: [`signpost watch retire ${example} --key ${'a'.repeat(64)} --reason "rotated in May"`],
  run: (invocation) => decide(invocation, 'retire'),
};

/** `signpost watch revoke`. */
export const watchRevoke: CommandSpec = {
  words: 'watch revoke',
  arguments: '<id>',
  summary: 'Say that somebody must never sign a source again; whoever comes back is critical',
  options: signerOptions,
  examples: [`signpost watch revoke ${example} --key ${'a'.repeat(64)} --reason "the key was stolen"`],
  run: (invocation) => decide(invocation, 'revoke'),
};

/** `signpost watch mirror`. */
export const watchMirror: CommandSpec = {
  words: 'watch mirror',
  arguments: '<id>',
  summary: 'Make a source a mirror of another one: one baseline for both, and a finding where they differ',
  options: [{ flags: '--of <id>', text: 'the source that it is a mirror of; left out: of none any more' }],
  examples: [`signpost watch mirror ${example} --of 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4f`],
  run: mirror,
};

async function list(invocation: Invocation): Promise<Answer> {
  const before = invocation.options.text('before');
  const query = before === undefined ? '' : `?before=${encodeURIComponent(before)}`;
  const document = await (await connectAuthenticated(invocation)).read(`/api/watch/cases${query}`);
  const columns = ['number', 'severity', 'source', 'line', 'version', 'sha256'];
  const rows = objectsOf(document, 'cases').map((row) => [
    ...columns.map((name) => cellOf(row, name)),
    objectsOf(row, 'findings')
      .map((finding) => cellOf(finding, 'kind'))
      .join(','),
  ]);
  return { document, lines: formatTable([...columns, 'findings'], rows) };
}

async function decide(invocation: Invocation, decision: string): Promise<Answer> {
  const { options } = invocation;
  const [issuer, subject, line] = [options.text('issuer'), options.text('subject'), options.text('line')];
  if ((issuer === undefined) !== (subject === undefined)) {
    throw new Failure('usage', 'expected --issuer and --subject together');
  }
  const claims = Object.entries(claimOptions).flatMap(([option, claim]) => {
    const value = options.text(option);
    return value === undefined ? [] : [[claim, value]];
  });
  if (issuer === undefined && claims.length > 0) {
    throw new Failure('usage', 'expected --issuer and --subject with what narrows an identity');
  }
  const body = {
    ...{ decision, keys: options.texts('key'), reason: options.requiredText('reason') },
    identities: issuer === undefined ? [] : [{ issuer, subject: subject ?? '', ...Object.fromEntries(claims) }],
    ...(line !== undefined && { line }),
  };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', `${pathOf(invocation)}/decisions`, { body });
  return { document, lines: [`It holds for: ${textsOf(document, 'lines').join(', ')}.`] };
}

async function mirror(invocation: Invocation): Promise<Answer> {
  const of = invocation.options.text('of') ?? null;
  const client = await connectAuthenticated(invocation);
  const document = await client.request('PUT', `${pathOf(invocation)}/mirror`, { body: { of } });
  const id = cellOf(document, 'id');
  return { document, lines: [of === null ? `${id} stands by itself.` : `${id} is a mirror of ${of}.`] };
}

function pathOf(invocation: Invocation): string {
  return `/api/watch/sources/${encodeURIComponent(readArgument(invocation, 0))}`;
}
