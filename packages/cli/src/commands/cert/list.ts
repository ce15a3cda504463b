/** `signpost cert list`, `search` and `show`. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { cellOf, type JsonObject, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';
import { answerTable } from '../answers.ts';

const columns = ['id', 'common_name', 'profile', 'authority', 'state', 'not_after', 'serial'];
const filterOptions: readonly OptionSpec[] = [
  { flags: '--state <state>', text: 'only these', choices: ['valid', 'held', 'revoked', 'expired'] },
  { flags: '--profile <name>', text: 'only of this profile' },
  { flags: '--authority <name>', text: 'only by this authority' },
  { flags: '--expires-within <days>', text: 'only those that end within so many days, the nearest first' },
  { flags: '--limit <n>', text: 'at most so many', fallback: '50' },
  { flags: '--after <id>', text: 'go on after this one' },
];

/** `signpost cert list`. */
export const certList: CommandSpec = {
  words: 'cert list',
  summary: 'List certificates, newest first',
  options: filterOptions,
  examples: ['signpost cert list --state valid --expires-within 30'],
  run: (invocation) => list(invocation, undefined),
};

/** `signpost cert search`. */
export const certSearch: CommandSpec = {
  words: 'cert search',
  arguments: '<text>',
  summary: 'Find certificates by a part of subject, names, serial number or fingerprint',
  options: filterOptions,
  examples: ['signpost cert search www.example'],
  run: (invocation) => list(invocation, readArgument(invocation, 0)),
};

async function list(invocation: Invocation, search: string | undefined): Promise<Answer> {
  const { options } = invocation;
  const days = options.integer('expires-within', 0);
  const wanted = {
    ...{ search, limit: options.text('limit'), after: options.text('after'), profile: options.text('profile') },
    ...{ state: options.text('state'), authority: options.text('authority') },
    expires_until: days === undefined ? undefined : new Date(invocation.now() + days * 86_400_000).toISOString(),
    // What ends soonest must not be what the limit cuts off.
    order: days === undefined ? undefined : 'expiry',
  };
  const query = new URLSearchParams(
    Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const answer = await (await connectAuthenticated(invocation)).read(`/api/certificates?${query}`);
  const { document, lines } = answerTable(answer, 'certificates', columns);
  const more = typeof answer.next === 'string' ? [`More: --after ${answer.next}`] : [];
  return { document, lines: [...lines, ...more] };
}

/** `signpost cert show`. */
export const certShow: CommandSpec = {
  words: 'cert show',
  arguments: '<certificate>',
  summary: 'Show one certificate in words',
  details: [
    'A certificate is named by its id, its serial number, its fingerprint, or a host that only one valid certificate has.',
  ],
  options: [{ flags: '--pem', text: 'print the certificate itself' }],
  examples: ['signpost cert show www.example.com', 'signpost cert show 5f3a... --pem'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const id = await resolveCertificate(client, readArgument(invocation, 0));
    const document = await client.read(`/api/certificates/${id}`);
    if (invocation.options.flag('pem')) return { document, lines: [textOf(document, 'pem').trimEnd()] };
    return { document, lines: describe(document) };
  },
};

function describe(one: JsonObject): readonly string[] {
  const validity = one.validity as JsonObject;
  const key = one.key as JsonObject;
  const chain = objectsOf(one, 'chain').map((above) => textOf(above, 'subject'));
  const reason = one.reason === null ? '' : ` (${cellOf(one, 'reason')}, ${cellOf(one, 'revoked_at')})`;
  return formatPairs([
    ['id', cellOf(one, 'id')],
    ['subject', cellOf(one, 'subject')],
    ['names', textsOf(one, 'names').join(' ') || undefined],
    ['state', `${cellOf(one, 'state')}${reason}`],
    ['validity', drawValidity(one, validity)],
    ['issuer', cellOf(one, 'issuer')],
    ['chain', chain.join(' < ') || undefined],
    ['profile', cellOf(one, 'profile')],
    ['serial', cellOf(one, 'serial')],
    ['sha256', cellOf(one, 'fingerprint')],
    ['key', `${cellOf(key, 'type')}${one.has_key === true ? ', kept by the server' : ''}`],
    ['signature', cellOf(one, 'signature_algorithm')],
    ['constraints', cellOf(one, 'basic_constraints')],
    ['may', [...textsOf(one, 'key_usage'), ...textsOf(one, 'extended_key_usage')].join(', ')],
    ['replaces', one.replaces === null ? undefined : cellOf(one, 'replaces')],
    ['replaced by', textsOf(one, 'replaced_by').join(' ') || undefined],
  ]);
}

function drawValidity(one: JsonObject, validity: JsonObject): string {
  const filled = Math.round(Number(validity.percent_elapsed) / 5);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(20 - filled)}]`;
  return `${cellOf(one, 'not_before')} ${bar} ${cellOf(one, 'not_after')}, ${cellOf(validity, 'days_left')} days left`;
}

/** The id of the certificate that `text` names. Throws Failure when none or several are meant. */
export async function resolveCertificate(client: Client, text: string): Promise<string> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text)) return text;
  const query = new URLSearchParams({ search: text, limit: '500' });
  const found = objectsOf(await client.read(`/api/certificates?${query}`), 'certificates');
  const wanted = text.toLowerCase().replaceAll(':', '');
  const exact = found.filter((one) => one.serial === wanted || one.fingerprint === wanted);
  const named = found.filter(
    (one) => one.state === 'valid' && (one.common_name === text || textsOf(one, 'names').includes(`dns:${text}`)),
  );
  const [only, ...others] = exact.length > 0 ? exact : named;
  if (only !== undefined && others.length === 0) return textOf(only, 'id');
  const several = only === undefined ? 'no certificate is' : `${others.length + 1} certificates are`;
  throw new Failure('refused', `${several} meant by ${text}`, { hint: `signpost cert search ${text}` });
}
