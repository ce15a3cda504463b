/** What `signpost login` got, in the user's configuration folder, readable by the owner only: a session or an API key. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCodeOf, writeFileAtomically } from '../files/atomic-write.ts';
import { Failure } from '../terminal/failure.ts';

/** What proves who asks. A session ends by itself after hours; a key, which only admins make, may last for months. */
export type Proof =
  | { readonly apiKey: string; readonly apiKeyId: string }
  | { readonly cookie: string; readonly csrfToken: string };

/** One login. */
export type Credential = Proof & {
  /** The base URL with the organisation's prefix. */
  readonly base: string;
  readonly email: string;
};

/** Everything in the file; the last login comes first. */
export type Credentials = readonly Credential[];

/** The headers that carry `proof`. A session comes with its CSRF token, as the server wants it from whoever sends cookies. */
export function headersOf(proof: { readonly apiKey: string } | Proof): Readonly<Record<string, string>> {
  return 'apiKey' in proof
    ? { Authorization: `Bearer ${proof.apiKey}` }
    : { Cookie: proof.cookie, 'X-Signpost-CSRF': proof.csrfToken };
}

/** The logins kept in `configDir`; none when there is no file. Throws Failure when it cannot be understood. */
export async function readCredentials(configDir: string): Promise<Credentials> {
  const path = credentialsPath(configDir);
  try {
    const items: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (Array.isArray(items) && items.every(isCredential)) return items;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Failure('refused', `${path} is not what \`signpost login\` wrote`, { hint: 'delete it and log in again' });
}

/** Keeps `credential` as the last login. */
export async function recordCredential(configDir: string, credential: Credential): Promise<void> {
  const others = (await readCredentials(configDir)).filter(({ base }) => base !== credential.base);
  await writeCredentials(configDir, [credential, ...others]);
}

/** Forgets the login to `base`. */
export async function forgetCredential(configDir: string, forgotten: string): Promise<void> {
  const all = await readCredentials(configDir);
  await writeCredentials(
    configDir,
    all.filter(({ base }) => base !== forgotten),
  );
}

async function writeCredentials(configDir: string, credentials: Credentials): Promise<void> {
  const path = credentialsPath(configDir);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomically(path, `${JSON.stringify(credentials, undefined, 2)}\n`);
}

function credentialsPath(configDir: string): string {
  return join(configDir, 'credentials.json');
}

function isCredential(item: unknown): item is Credential {
  if (typeof item !== 'object' || item === null) return false;
  const holds = (...names: string[]) => names.every((name) => typeof Reflect.get(item, name) === 'string');
  return holds('base', 'email') && (holds('apiKey', 'apiKeyId') || holds('cookie', 'csrfToken'));
}
