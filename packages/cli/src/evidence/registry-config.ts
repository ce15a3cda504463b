/** Who asks a registry: the `config.json` of Docker, the `auth.json` of Podman (containers-auth.json(5)). */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import type { Location } from '@signpost/protocol/fetching/location';
import type { RegistryCredentials } from '@signpost/protocol/fetching/registry';
import { isJsonObject, type JsonValue, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import { Failure } from '../terminal/failure.ts';
import { readLocalDocument } from './local-document.ts';

const maxConfigBytes = 1024 * 1024;

/** Name and password for the registry of `location`. Throws a Failure `usage` when the file has none, or keeps them elsewhere. */
export async function readRegistryCredentials(path: string, location: Location): Promise<RegistryCredentials> {
  if (location.kind !== 'oci') throw new Failure('usage', 'expected oci://… beside --registry-config');
  const { host } = new URL(location.origin);
  const credentials = findCredentials(await readConfig(path), host);
  if (credentials) return credentials;
  throw new Failure('usage', `expected a name and a password for ${host} in ${path}`, {
    hint: 'log in with a configuration folder of its own, in which no helper keeps them',
  });
}

async function readConfig(path: string): Promise<JsonValue> {
  const bytes = await readLocalDocument(path, maxConfigBytes);
  try {
    return parseForeignJson(bytes, { maxBytes: maxConfigBytes });
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    // What stands in the file is secret, so its text is not shown.
    throw new Failure('usage', `expected JSON in ${path}`);
  }
}

function findCredentials(config: JsonValue, host: string): RegistryCredentials | undefined {
  const entries = isJsonObject(config) ? readMember(config, 'auths') : undefined;
  if (!isJsonObject(entries)) return undefined;
  const entry = readMember(entries, host) ?? readMember(entries, `https://${host}`);
  const auth = isJsonObject(entry) ? readMember(entry, 'auth') : undefined;
  return typeof auth === 'string' && auth !== '' ? splitAuth(auth) : undefined;
}

/** Base64 of the name, a colon and the password. */
function splitAuth(auth: string): RegistryCredentials | undefined {
  try {
    const [, username = '', password = ''] = /^([^:]+):(.+)$/s.exec(parseText(parseBase64(auth))) ?? [];
    return password === '' ? undefined : { username, password };
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}
