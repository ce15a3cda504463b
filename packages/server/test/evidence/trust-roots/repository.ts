/** A private instance of Sigstore, as far as trust goes: a TUF repository on a socket of this machine, and the root in it. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { encodeOlpc } from '@signpost/protocol/json/olpc';

type RoleName = 'root' | 'timestamp' | 'snapshot' | 'targets';

interface RoleKey {
  readonly id: string;
  readonly key: SignableObject;
  readonly privateKey: KeyObject;
}

const dayMs = 86_400_000;

/** A log as a trusted root names it, with a key of its own. */
export function createLog(baseUrl: string, start: number): SignableObject {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: spki.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: new Date(start).toISOString() },
    },
    logId: { keyId: createHash('sha256').update(spki).digest('base64') },
  };
}

/** The text of a trusted root. */
export function encodeTrustedRoot(members: SignableObject): string {
  return JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', ...members });
}

/** The repository. Its clock is handed in; its metadata holds for a week, its root for a year. */
export class TufRepository {
  readonly requests: string[] = [];
  readonly #files = new Map<string, Buffer>();
  readonly #keys: Record<RoleName, RoleKey>;
  readonly #now: () => number;
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #rootVersion = 0;
  #version = 0;
  /** Answers this instead, when it is set. */
  failWith: number | undefined;
  /** Sends everybody there, when it is set. */
  redirectTo: string | undefined;

  private constructor(now: () => number) {
    this.#now = now;
    this.#keys = { root: createKey(), timestamp: createKey(), snapshot: createKey(), targets: createKey() };
    this.#publishRoot([this.#keys.root]);
  }

  static async open(now: () => number): Promise<TufRepository> {
    const repository = new TufRepository(now);
    await new Promise<void>((resolve) => repository.#server.listen(0, '127.0.0.1', resolve));
    return repository;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The first root.json. */
  get pinnedRoot(): Buffer {
    return this.#files.get('/1.root.json') ?? Buffer.alloc(0);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Publishes the next version of everything below the root. */
  publish(trustedRoot: string, { days = 7, signTimestamp = true } = {}): void {
    this.#version++;
    const bytes = Buffer.from(trustedRoot);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#files.set(`/targets/${sha256}.trusted_root.json`, bytes);
    const common = { spec_version: '1.0.31', version: this.#version, expires: this.#formatEnd(days) };
    const targets = { 'trusted_root.json': { length: bytes.length, hashes: { sha256 } } };
    const meta = { version: this.#version };
    this.#sign(`/${this.#version}.targets.json`, { _type: 'targets', ...common, targets }, [this.#keys.targets]);
    const listed = { 'targets.json': meta };
    this.#sign(`/${this.#version}.snapshot.json`, { _type: 'snapshot', ...common, meta: listed }, [
      this.#keys.snapshot,
    ]);
    const timestamp = { _type: 'timestamp', ...common, meta: { 'snapshot.json': meta } };
    this.#sign('/timestamp.json', timestamp, [signTimestamp ? this.#keys.timestamp : createKey()]);
    this.#files.set(`/${this.#version}.timestamp.json`, this.#files.get('/timestamp.json') ?? Buffer.alloc(0));
  }

  /** Serves the timestamp of an earlier version. */
  serveAgain(version: number): void {
    this.#files.set('/timestamp.json', this.#files.get(`/${version}.timestamp.json`) ?? Buffer.alloc(0));
  }

  /** Puts another key in the place of the root's own: the next root is signed by both. */
  rotateRootKey(): void {
    const before = this.#keys.root;
    this.#keys.root = createKey();
    this.#publishRoot([before, this.#keys.root]);
  }

  #publishRoot(signers: readonly RoleKey[]): void {
    this.#rootVersion++;
    const all = Object.entries(this.#keys);
    const root = {
      ...{ _type: 'root', spec_version: '1.0.31', version: this.#rootVersion, expires: this.#formatEnd(365) },
      consistent_snapshot: true,
      keys: Object.fromEntries(all.map(([, { id, key }]) => [id, key])),
      roles: Object.fromEntries(all.map(([name, { id }]) => [name, { keyids: [id], threshold: 1 }])),
    };
    this.#sign(`/${this.#rootVersion}.root.json`, root, signers);
  }

  #formatEnd(days: number): string {
    return new Date(this.#now() + days * dayMs).toISOString().replace(/\.\d+/, '');
  }

  #sign(path: string, signed: SignableObject, signers: readonly RoleKey[]): void {
    const message = encodeOlpc(signed);
    const signatures = signers.map(({ id, privateKey }) => ({
      keyid: id,
      sig: sign('sha256', message, privateKey).toString('hex'),
    }));
    this.#files.set(path, Buffer.from(JSON.stringify({ signatures, signed })));
  }

  #answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    this.requests.push(url);
    const bytes = this.#files.get(url);
    if (this.redirectTo !== undefined) response.writeHead(302, { location: this.redirectTo }).end();
    else if (this.failWith !== undefined) response.writeHead(this.failWith).end('no');
    else if (bytes) response.writeHead(200).end(bytes);
    else response.writeHead(404).end();
  }
}

function createKey(): RoleKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = {
    keytype: 'ecdsa',
    scheme: 'ecdsa-sha2-nistp256',
    keyval: { public: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
  };
  return { id: createHash('sha256').update(encodeOlpc(key)).digest('hex'), key, privateKey };
}
