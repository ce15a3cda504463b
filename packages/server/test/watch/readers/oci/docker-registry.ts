/** Debian's docker-registry (distribution 2.8) on loopback, with a password and in a temporary folder. It knows no referrers API. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chooseFreePort } from '../../../../../protocol/test/free-port.ts';
import { waitUntil } from '../../../../../protocol/test/wait-until.ts';
import { digestOf, type ImageStore } from './images.ts';

const program = '/usr/bin/docker-registry';
const user = 'reader';
const password = 'a registry password';
// bcrypt of it, at the least cost.
const passwordHash = '$2b$04$5qD01XGFvneMvi8oBId5DOFquleRJmPrbZpojToUEVA93AgrGvRLC';

/** Why its tests are skipped; `false` on machines where it must be there. */
export const missing: string | false =
  existsSync(program) || process.env.CI === 'true'
    ? false
    : 'docker-registry is not installed (scripts/install-services)';

/** A registry that runs. */
export interface DockerRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** What a configuration of Docker's says of it. */
  readonly auths: Readonly<Record<string, { readonly auth: string }>>;
  open(repository: string): ImageStore & { deleteManifest(digest: string): Promise<void> };
  /** Lets its garbage collector take away what no tag leads to. */
  collectGarbage(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one. */
export async function startDockerRegistry(): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-registry-'));
  const host = `127.0.0.1:${await chooseFreePort()}`;
  const config = join(folder, 'config.yml');
  await writeFile(join(folder, 'htpasswd'), `${user}:${passwordHash}\n`);
  await writeFile(config, describeConfig(folder, host));
  const child = spawn(program, ['serve', config], { stdio: 'ignore', env: {} });
  process.once('exit', () => child.kill('SIGKILL'));
  await waitUntilUp(host);
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  return {
    ...{ host, auths: { [host]: { auth } } },
    open: (repository) => openRepository(`http://${host}/v2/${repository}`, `Basic ${auth}`),
    collectGarbage: async () => {
      await promisify(execFile)(program, ['garbage-collect', '--delete-untagged', config], { env: {} });
    },
    stop: async () => {
      await kill(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function describeConfig(folder: string, host: string): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    auth: { htpasswd: { realm: 'tests', path: join(folder, 'htpasswd') } },
    http: { addr: host },
  });
}

function waitUntilUp(host: string): Promise<void> {
  return waitUntil('docker-registry to answer', () =>
    fetch(`http://${host}/v2/`).then(
      ({ status }) => status === 401,
      () => false,
    ),
  );
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function openRepository(base: string, authorization: string): ReturnType<DockerRegistry['open']> {
  const send = async (method: string, url: string, body?: Uint8Array, type = 'application/octet-stream') => {
    const headers = { authorization, 'content-type': type };
    const response = await fetch(url, { method, headers, ...(body && { body: Buffer.from(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`expected ${method} ${url} to succeed, got ${response.status} ${text}`);
    return response;
  };
  return {
    putBlob: async (bytes) => {
      const begun = await send('POST', `${base}/blobs/uploads/`);
      const url = new URL(begun.headers.get('location') ?? '', base);
      url.searchParams.set('digest', digestOf(bytes));
      await send('PUT', url.href, bytes);
    },
    putManifest: async (reference, bytes, mediaType) => {
      await send('PUT', `${base}/manifests/${reference}`, bytes, mediaType);
    },
    deleteManifest: async (digest) => {
      await send('DELETE', `${base}/manifests/${digest}`);
    },
  };
}
