/** A real npm registry (verdaccio), and before it what the public one has beside: keys, attestations, and who published. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, request as sendRequest } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseFreePort } from '../../../../../protocol/test/free-port.ts';
import type { BundleJson } from '../../../../../protocol/test/sigstore/minted.ts';
import { waitUntil } from '../../../../../protocol/test/wait-until.ts';

/** A version to publish. */
interface Published {
  readonly version: string;
  readonly user?: unknown;
  /** By the registry, unless it is said. */
  readonly signedBy?: 'registry' | 'nobody' | 'stranger';
  readonly attestations?: readonly { readonly predicateType: string; readonly bundle: unknown }[];
}

/** The registry, which answers at `url`. */
export interface NpmRegistry {
  readonly url: string;
  /** The paths that were asked for, and the headers that proved who asks. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  /** Answers a path as it is told here and asks verdaccio for all others. */
  readonly answers: Map<string, { readonly status: number; readonly body?: string }>;
  publish(name: string, published: Published): Promise<void>;
  stop(): Promise<void>;
}

/** The bytes of a version. */
function tarballOf(name: string, version: string): Buffer {
  return Buffer.from(`the bytes of ${name} ${version}`);
}

/** The digest that statements about a version name. */
export function digestOf(name: string, version: string): { readonly sha512: string } {
  return { sha512: createHash('sha512').update(tarballOf(name, version)).digest('hex') };
}

const verdaccio = createRequire(import.meta.url).resolve('verdaccio/bin/verdaccio');

/** Starts both on free ports. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-npm-'));
  const upstream = await startVerdaccio(folder);
  const keys = { registry: createSigner(), stranger: createSigner() };
  const answers: NpmRegistry['answers'] = new Map();
  answers.set('/-/npm/v1/keys', { status: 200, body: JSON.stringify({ keys: [keys.registry.describe()] }) });
  const asked: { path: string; authorization: string | undefined }[] = [];
  const front = await startFront(upstream.url, answers, asked);
  return {
    ...{ url: front.url, asked, answers },
    publish: async (name, published) => {
      const { version, attestations, signedBy = 'registry' } = published;
      const signer = signedBy === 'nobody' ? undefined : keys[signedBy];
      await put(`${upstream.url}/${name.replace('/', '%2f')}`, describePackage(name, published, signer));
      const path = `/-/npm/v1/attestations/${name.replace('/', '%2f')}@${version}`;
      if (attestations) answers.set(path, { status: 200, body: JSON.stringify({ attestations }) });
    },
    stop: async () => {
      front.server.close();
      front.server.closeAllConnections();
      upstream.child.kill('SIGKILL');
      await once(upstream.child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What attests to a version, as the registry stores it. */
export function attestation(predicateType: string, bundle: BundleJson): { predicateType: string; bundle: BundleJson } {
  return { predicateType, bundle };
}

async function startVerdaccio(folder: string): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const port = await chooseFreePort();
  const config = join(folder, 'config.yaml');
  const settings = {
    ...{ storage: join(folder, 'storage'), auth: {}, uplinks: {} },
    packages: { '**': { access: '$all', publish: '$all' } },
    log: { type: 'stdout', format: 'json', level: 'fatal' },
  };
  // YAML has JSON in it.
  await writeFile(config, JSON.stringify(settings));
  const child = spawn(process.execPath, [verdaccio, '--config', config, '--listen', `127.0.0.1:${port}`], {
    stdio: 'ignore',
    env: { HOME: folder, PATH: process.env.PATH ?? '' },
  });
  const url = `http://127.0.0.1:${port}`;
  process.once('exit', () => child.kill('SIGKILL'));
  await waitUntil('the registry to answer', () =>
    fetch(`${url}/-/ping`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { url, child };
}

async function startFront(
  upstream: string,
  answers: NpmRegistry['answers'],
  asked: { path: string; authorization: string | undefined }[],
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const { url: path = '/', headers } = request;
    asked.push({ path, authorization: headers.authorization });
    const own = answers.get(path);
    if (own) {
      response.writeHead(own.status, { 'retry-after': '7' }).end(own.body);
      return;
    }
    const passed = sendRequest(`${upstream}${path}`, { headers }, (given) => {
      response.writeHead(given.statusCode ?? 0, given.headers);
      given.pipe(response);
    });
    passed.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function put(url: string, document: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(document) });
  if (!response.ok)
    throw new Error(`expected ${url} to take a package, got ${response.status} ${await response.text()}`);
}

interface Signer {
  describe(): object;
  sign(text: string): object;
}

function createSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const keyid = `SHA256:${createHash('sha256').update(spki).digest('base64').replace(/=+$/, '')}`;
  return {
    describe: () => ({ keyid, expires: null, keytype: 'ecdsa-sha2-nistp256', key: spki.toString('base64') }),
    sign: (text) => ({ keyid, sig: sign('sha256', Buffer.from(text), privateKey).toString('base64') }),
  };
}

function describePackage(name: string, { version, user, attestations }: Published, signer: Signer | undefined): object {
  const tarball = tarballOf(name, version);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const file = `${name.replace(/^.*\//, '')}-${version}.tgz`;
  const dist = {
    ...{ integrity, shasum: createHash('sha1').update(tarball).digest('hex'), tarball: `http://x.example/${file}` },
    ...(signer && { signatures: [signer.sign(`${name}@${version}:${integrity}`)] }),
    ...(attestations && { attestations: { url: 'http://169.254.169.254/', provenance: {} } }),
  };
  return {
    ...{ _id: name, name, 'dist-tags': { latest: version } },
    versions: { [version]: { name, version, ...(user !== undefined && { _npmUser: user }), dist } },
    _attachments: { [file]: { data: tarball.toString('base64'), length: tarball.length } },
  };
}
