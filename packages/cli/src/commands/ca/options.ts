/** What the commands of authorities share: subjects, passphrases, and how an authority is shown. */
import { type Invocation, type OptionSpec, readSecretSource, secretOptions } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { isReadableByOthers } from '../../terminal/prompt.ts';
import { answerPairs } from '../answers.ts';

/** The kinds of key that authorities have. */
export const keyTypes = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
] as const;

/** `--key-type`. */
export const keyTypeOption: OptionSpec = { flags: '--key-type <type>', text: 'the key', choices: keyTypes };

/** The parts of a subject, each an option. */
export const subjectOptions: readonly OptionSpec[] = [
  { flags: '--cn <text>', text: 'common name, such as "Example Root CA"', required: true },
  { flags: '--o <text>', text: 'organisation' },
  { flags: '--ou <text>', text: 'unit' },
  { flags: '--c <code>', text: 'country, two capital letters' },
  { flags: '--st <text>', text: 'state or province' },
  { flags: '--l <text>', text: 'locality' },
];

/** The subject that the options name, from the country downwards. */
export function readSubject({ options }: Invocation): Readonly<Record<string, string>> {
  const parts = ['c', 'st', 'l', 'o', 'ou', 'cn'].map((name) => [name.toUpperCase(), options.text(name)] as const);
  return Object.fromEntries(parts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
}

/** `--passphrase-file` and `--passphrase-fd` for a root on the server. */
export const rootPassphraseOptions: readonly OptionSpec[] = secretOptions('passphrase', "the root's passphrase");

/** `--days` and `--path-length`. */
export const lifeOptions: readonly OptionSpec[] = [
  { flags: '--days <days>', text: 'how long the certificate holds' },
  { flags: '--path-length <n>', text: 'how many authorities may follow below' },
];

/** `--permit` and `--exclude` (RFC 5280, 4.2.1.10). */
export const constraintOptions: readonly OptionSpec[] = [
  { flags: '--permit <name>', text: 'a name below which alone it may issue: dns:example.com', repeatable: true },
  { flags: '--exclude <name>', text: 'a name below which it may not issue', repeatable: true },
];

/** The members of a request's body that `lifeOptions` give. */
export function readLife({ options }: Invocation): { readonly days?: number; readonly path_length?: number } {
  const [days, pathLength] = [options.integer('days', 1), options.integer('path-length', 0)];
  return {
    ...(days !== undefined && { days }),
    ...(pathLength !== undefined && { path_length: pathLength }),
  };
}

/** The shortest passphrase that a new root takes, in characters. */
const minRootPassphraseLength = 16;

/** Asks for the passphrase of a new root, twice. */
export async function askNewRootPassphrase(invocation: Invocation, name: string, stem = 'passphrase'): Promise<string> {
  const source = readSecretSource(invocation.options, stem);
  warnIfReadable(invocation, source.file);
  const rules = { option: stem, minLength: minRootPassphraseLength };
  return invocation.prompt.askNewSecret(`Passphrase for the new root ${name}`, source, rules);
}

/** The passphrase of `authority` as a member of a request's body, asked for only where the server has such a root. */
export async function askPassphraseOf(
  invocation: Invocation,
  client: Client,
  authority: string,
): Promise<{ readonly passphrase?: string }> {
  const found = await client.read(authorityPath(authority));
  if (found.custody !== 'dual') return {};
  const source = readSecretSource(invocation.options, 'passphrase');
  warnIfReadable(invocation, source.file);
  const passphrase = await invocation.prompt.askSecret(`Passphrase of the root ${authority}`, source, 'passphrase');
  return { passphrase };
}

function warnIfReadable({ output }: Invocation, file: string | undefined): void {
  if (file !== undefined && isReadableByOthers(file))
    output.warn(`${file} can be read by others; chmod 600 keeps it private`);
}

/** The path of an authority, and of what stands under it. */
export function authorityPath(name: string, ...below: readonly string[]): string {
  if (!/^[a-z0-9-]{1,63}$/.test(name)) {
    throw new Failure('usage', `expected the name of an authority, got "${name}"`, { hint: 'signpost ca list' });
  }
  return ['/api/authorities', name, ...below].join('/');
}

const members = ['name', 'kind', 'state', 'custody', 'parent', 'successor', 'subject', 'key_type', 'not_after'];

/** An authority as lines, after `first`. */
export function answerAuthority(document: JsonObject, ...first: readonly string[]): Answer {
  const shown = answerPairs(document, members, ...first);
  const certificates = objectsOf(document, 'certificates').map(
    (one) => `  ${textOf(one, 'state')} until ${textOf(one, 'not_after')}, serial ${textOf(one, 'serial')}`,
  );
  return { ...shown, lines: [...shown.lines, ...(certificates.length > 0 ? ['certificates', ...certificates] : [])] };
}
