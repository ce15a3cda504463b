/** Credentials as Docker keeps them (docker/cli, "config.json"): in the file itself, or with programs that it names. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { isJsonObject, type JsonObject, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import { parseImage } from '../../sources/image.ts';

/** What proves who asks a registry. */
export type RegistryCredential =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** For a token of the registry, by OAuth 2. */
  | { readonly kind: 'refresh-token'; readonly token: string };

/** What a configuration says, by registry as keys name it. */
export interface DockerConfig {
  readonly credentials: ReadonlyMap<string, RegistryCredential>;
  /** `docker-credential-…` of one registry. */
  readonly helpers: ReadonlyMap<string, string>;
  /** That of all others. */
  readonly store: string | undefined;
}

const maxBytes = 1024 * 1024;
/** A program is looked up by its name alone. */
const helperPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Parses the file. Throws a TrustError for what is none; entries of no registry are left out. */
export function parseDockerConfig(bytes: Uint8Array): DockerConfig {
  const config = parseForeignJson(bytes, { maxBytes, maxDepth: 16, maxValues: 100_000 });
  if (!isJsonObject(config)) throw new TrustError('malformed', 'expected the configuration to be an object');
  const store = readMember(config, 'credsStore');
  return {
    credentials: readEntries(config, 'auths', (value) => (isJsonObject(value) ? readCredential(value) : undefined)),
    helpers: readEntries(config, 'credHelpers', (value) => readHelper(value)),
    store: readHelper(store),
  };
}

function readEntries<T>(
  config: JsonObject,
  name: string,
  read: (value: JsonObject[string] | undefined) => T | undefined,
): ReadonlyMap<string, T> {
  const entries = readMember(config, name);
  const found = new Map<string, T>();
  if (!isJsonObject(entries)) return found;
  for (const [address, value] of Object.entries(entries)) {
    const registry = nameRegistry(address);
    const entry = read(value);
    if (registry !== undefined && entry !== undefined) found.set(registry, entry);
  }
  return found;
}

/**
 * The registry of an address such as `ghcr.io`, `https://index.docker.io/v1/`, under the name that keys have. A bare word is a host that no
 * image is named by, and not Docker Hub, which would else be shown its credential.
 */
function nameRegistry(address: string): string | undefined {
  const host = address.replace(/^https?:\/\//i, '').replace(/\/.*$/s, '');
  if (parseImage(`${host}/name`)?.name === `docker.io/${host}/name`) return undefined;
  return parseImage(`${host}/name`)?.name.replace(/\/.*$/s, '');
}

function readCredential(entry: JsonObject): RegistryCredential | undefined {
  const token = readMember(entry, 'identitytoken');
  if (typeof token === 'string' && token !== '') return { kind: 'refresh-token', token };
  const auth = readMember(entry, 'auth');
  const text = typeof auth === 'string' && auth !== '' ? decodeAuth(auth) : undefined;
  const colon = text?.indexOf(':') ?? -1;
  if (text !== undefined && colon > 0) {
    return { kind: 'password', user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  const [user, password] = [readMember(entry, 'username'), readMember(entry, 'password')];
  return typeof user === 'string' && typeof password === 'string' && user !== ''
    ? { kind: 'password', user, password }
    : undefined;
}

/** Some writers pad with zero bytes. */
function decodeAuth(auth: string): string | undefined {
  try {
    return parseText(parseBase64(auth)).replace(/\0+$/, '');
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

function readHelper(value: JsonObject[string] | undefined): string | undefined {
  return typeof value === 'string' && helperPattern.test(value) ? value : undefined;
}
