/** `signpost access …`: client certificates that may use the API. */
import { type CommandSpec, type Invocation, type Options, readArgument } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';

const columns = [
  'id',
  'name',
  'authority',
  'match.kind',
  'match.value',
  'scope',
  'verbs',
  'expires_at',
  'last_used_at',
];

/** `signpost access create`. */
export const accessCreate: CommandSpec = {
  words: 'access create',
  summary: 'Let client certificates of an authority use the API',
  details: [
    'A rule compares one part of the certificate, exactly. It never allows more than you may do yourself, and ends at once when it is removed or the certificate is revoked.',
  ],
  options: [
    { flags: '--name <name>', text: 'what it is for', required: true },
    { flags: '--authority <name>', text: 'the authority that issues the certificates', required: true },
    { flags: '--match-name <name>', text: 'an alternative name, such as dns:ci.example.com' },
    { flags: '--match-subject <subject>', text: 'the whole subject, such as "CN=ci,O=Example"' },
    { flags: '--match-fingerprint <sha256>', text: 'the SHA-256 of the DER in hex' },
    { flags: '--scope <scope>', text: '"*", project:SLUG or collection:SLUG', fallback: '*' },
    {
      flags: '--verb <verb>',
      text: 'what it may do: read, upload, activate, manage, admin, metrics; read when left out',
      repeatable: true,
    },
    { flags: '--days <days>', text: 'how long it holds; until removed when left out' },
  ],
  examples: [
    'signpost access create --name ci --authority issuing --match-name dns:ci.example.com --verb upload --verb activate --scope project:my-app',
  ],
  run: createAccess,
};

/** `signpost access list`. */
export const accessList: CommandSpec = {
  words: 'access list',
  summary: 'List which client certificates may use the API',
  examples: ['signpost access list'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read('/api/client-access');
    return answerTable(answer, 'client_access', columns);
  },
};

/** `signpost access remove`. */
export const accessRemove: CommandSpec = {
  words: 'access remove',
  arguments: '<id>',
  summary: 'Take the access of client certificates away at once',
  examples: ['signpost access remove 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e'],
  run: removeAccess,
};

async function createAccess(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const verbs = options.texts('verb');
  const days = options.integer('days', 1);
  const body = {
    name: options.requiredText('name'),
    authority: options.requiredText('authority'),
    match: readMatch(options),
    scope: options.requiredText('scope'),
    verbs: verbs.length > 0 ? verbs : ['read'],
    ...(days === undefined ? {} : { expires_in_days: days }),
  };
  const made = await (await connectAuthenticated(invocation)).request('POST', '/api/client-access', { body });
  return {
    document: made,
    lines: [
      `Certificates of ${textOf(made, 'authority')} that match may use the API.`,
      `Take it away by: signpost access remove ${textOf(made, 'id')}`,
    ],
  };
}

function readMatch(options: Options): { readonly [kind: string]: string } {
  const match = Object.fromEntries(
    (['name', 'subject', 'fingerprint'] as const).flatMap((kind) => {
      const text = options.text(`match-${kind}`);
      return text === undefined ? [] : [[kind, kind === 'fingerprint' ? normaliseFingerprint(text) : text]];
    }),
  );
  if (Object.keys(match).length === 1) return match;
  throw new Failure('usage', 'expected one of --match-name, --match-subject and --match-fingerprint');
}

/** openssl prints `AB:CD:…`. */
function normaliseFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

async function removeAccess(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await invocation.prompt.confirm(`Remove rule ${id}? Certificates that came by it are refused from now on.`);
  await client.request('DELETE', `/api/client-access/${encodeURIComponent(id)}`);
  return { document: { id, removed: true }, lines: [`Rule ${id} is removed.`] };
}
