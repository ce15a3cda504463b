/** How a cluster is reached, from what `kubectl config view --minify --flatten --raw -o json` writes (client-go, "Organizing Cluster Access"). */
import type { Body } from '../../api/client.ts';
import { Problem } from '../../api/problem.ts';

/** The command that writes it. */
export const kubeconfigCommand = 'kubectl config view --minify --flatten --raw -o json > cluster.json';

/** The largest file that is read, in bytes. */
const maxBytes = 1_048_576;

/** What the API takes. */
export type ClusterAccess = Pick<
  Extract<Body<'POST /api/watch/clusters'>, { server: string }>,
  'server' | 'ca' | 'credential'
>;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the one context of the file. Whatever beside address, authority and credential would change how the cluster is reached, or run
 * a program, is refused by its name. Throws `Problem`.
 */
export async function readClusterAccess(file: Pick<File, 'size' | 'text'>): Promise<ClusterAccess> {
  if (file.size > maxBytes) throw refuse(`expected at most ${maxBytes} bytes, got ${file.size}`);
  const config = parseConfig(await file.text());
  const cluster = readOnly(config, 'cluster');
  const user = readOnly(config, 'user');
  assertMembers(cluster, ['server', 'certificate-authority-data']);
  assertMembers(user, ['token', 'client-certificate-data', 'client-key-data']);
  return {
    server: readText(cluster, 'server'),
    ca: readPem(cluster, 'certificate-authority-data'),
    credential:
      user.token === undefined
        ? { client_certificate: readPem(user, 'client-certificate-data'), client_key: readPem(user, 'client-key-data') }
        : { token: readText(user, 'token') },
  };
}

function parseConfig(text: string): Members {
  try {
    const config: unknown = JSON.parse(text);
    if (isMembers(config) && config.kind === 'Config') return config;
  } catch (cause) {
    throw refuse('it is no JSON', cause);
  }
  throw refuse('it is no kubeconfig');
}

function readOnly(config: Members, kind: 'cluster' | 'user'): Members {
  const all: unknown = config[`${kind}s`];
  const [one, ...more]: readonly unknown[] = Array.isArray(all) ? all : [];
  const members = isMembers(one) ? one[kind] : undefined;
  if (!isMembers(members) || more.length > 0) throw refuse(`expected one ${kind} in it`);
  return members;
}

function assertMembers(members: Members, known: readonly string[]): void {
  const strange = Object.entries(members).find(([name, value]) => !known.includes(name) && value !== false);
  if (strange) throw refuse(`${strange[0]} is not taken`);
}

function readText(members: Members, name: string): string {
  const value = members[name];
  if (typeof value !== 'string' || value === '') throw refuse(`it has no ${name}`);
  return value;
}

function readPem(members: Members, name: string): string {
  const encoded = readText(members, name);
  try {
    return atob(encoded);
  } catch (cause) {
    throw refuse(`${name} is no base64`, cause);
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(what: string, cause?: unknown): Problem {
  const detail = `the kubeconfig cannot be used: ${what}`;
  return new Problem({ status: 0, code: 'invalid', detail, hint: kubeconfigCommand }, { cause });
}
