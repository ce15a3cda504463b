/** Kubeconfig files (client-go, "Organizing Cluster Access"): one context of one file, read strictly, and nothing of it is run. */
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { readLocalDocument } from '../../evidence/local-document.ts';
import { Failure } from '../../terminal/failure.ts';

/** How a cluster is reached. PEM, and no text of the file but this. */
export interface ClusterAccess {
  readonly server: string;
  readonly ca: string;
  readonly credential:
    | { readonly token: string }
    | { readonly client_certificate: string; readonly client_key: string };
}

const maxBytes = 1024 * 1024;

/** Members of a user that would run a program, or make the server act as somebody else; and what takes their place. */
const refusedUser: Readonly<Record<string, string>> = {
  exec: 'a program that makes credentials is run for nobody: give a token of a service account instead',
  'auth-provider': 'plugins that make credentials are run for nobody: give a token of a service account instead',
  username: 'passwords are sent to nobody: give a token of a service account instead',
  as: 'the watch acts as nobody else: give a token that may list and watch pods itself',
};
/** The same of a cluster. */
const refusedCluster: Readonly<Record<string, string>> = {
  'insecure-skip-tls-verify': 'the API server must show a certificate of certificate-authority',
  'proxy-url': 'the API server must be reached without a proxy',
  'tls-server-name': 'the certificate must be for the name in server',
};

/** Reads the access of a context; without one of the current one. Throws Failure that names what is missing or refused. */
export async function readKubeconfig(path: string, wanted: string | undefined): Promise<ClusterAccess> {
  const config = parseConfig(new TextDecoder().decode(await readLocalDocument(path, maxBytes)));
  const name = wanted ?? textOf(config, 'current-context');
  if (name === undefined) throw refuse('it names no current-context', 'signpost watch cluster add NAME --context …');
  const context = findNamed(config, 'context', name);
  const cluster = findNamed(config, 'cluster', textOf(context, 'cluster') ?? '');
  const user = findNamed(config, 'user', textOf(context, 'user') ?? '');
  assertNone(cluster, refusedCluster);
  assertNone(user, refusedUser);
  const server = textOf(cluster, 'server');
  if (server === undefined) throw refuse('its cluster has no server');
  const read = createRead(dirname(resolve(path)));
  const ca = await read(cluster, 'certificate-authority');
  if (ca === undefined) throw refuse('its cluster has no certificate-authority, and nobody else vouches for it');
  return { server, ca, credential: await readCredential(user, read) };
}

type Members = Readonly<Record<string, unknown>>;
type Read = (members: Members, name: string) => Promise<string | undefined>;

/** A certificate goes before a token, as for client-go. */
async function readCredential(user: Members, read: Read): Promise<ClusterAccess['credential']> {
  const certificate = await read(user, 'client-certificate');
  const key = await read(user, 'client-key');
  if (certificate !== undefined && key !== undefined) return { client_certificate: certificate, client_key: key };
  if (certificate !== undefined || key !== undefined)
    throw refuse('its user has one of client-certificate and client-key');
  // A file goes before the text, since it is newer.
  const token = (await read(user, 'tokenFile'))?.trim() ?? textOf(user, 'token');
  if (token === undefined || token === '') throw refuse('its user has neither a token nor a client certificate');
  return { token };
}

/** Reads a member as `NAME-data` in base64, or as the file that it names, from the folder of the kubeconfig on. */
function createRead(folder: string): Read {
  return async (members, name) => {
    const data = textOf(members, `${name}-data`);
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const path = textOf(members, name);
    return path === undefined
      ? undefined
      : new TextDecoder().decode(await readLocalDocument(resolve(folder, path), maxBytes));
  };
}

/** Unique keys, no aliases, nothing that YAML 1.1 took for something else. */
function parseConfig(text: string): Members {
  const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: true, stringKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw refuse(`it is no YAML: ${problem.code}`);
  try {
    const config: unknown = document.toJS({ maxAliasCount: 0 });
    if (isMembers(config) && config.kind === 'Config' && config.apiVersion === 'v1') return config;
  } catch (cause) {
    throw refuse('it has aliases', undefined, cause);
  }
  throw refuse('it is no Config of version v1');
}

function findNamed(config: Members, kind: 'context' | 'cluster' | 'user', name: string): Members {
  const all = config[`${kind}s`];
  const found = (Array.isArray(all) ? all : []).filter((one: unknown) => isMembers(one) && one.name === name);
  const members: unknown = found[0]?.[kind];
  if (found.length > 1) throw refuse(`it has two of the ${kind} ${name}`);
  if (!isMembers(members)) throw refuse(`it has no ${kind} ${name}`);
  return members;
}

function assertNone(members: Members, refused: Readonly<Record<string, string>>): void {
  for (const [name, why] of Object.entries(refused)) {
    const value = members[name];
    if (value !== undefined && value !== null && value !== false && value !== '')
      throw refuse(`${name} is not taken`, why);
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(members: Members, name: string): string | undefined {
  const value = members[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw refuse(`${name} is no text`);
  return value;
}

function refuse(what: string, hint?: string, cause?: unknown): Failure {
  return new Failure('refused', `the kubeconfig cannot be used: ${what}`, { code: 'malformed', hint, cause });
}
