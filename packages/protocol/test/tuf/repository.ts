/** A TUF repository in memory: writes and signs metadata, serves it, and can be made to lie. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { encodeOlpc } from '@signpost/protocol/json/olpc';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import type { TufClientOptions } from '@signpost/protocol/tuf/client';
import { digestHex } from '@signpost/protocol/tuf/file-facts';

/** Whoever signs metadata. */
export interface TestKey {
  readonly keyId: string;
  readonly key: { readonly keytype: string; readonly scheme: string; readonly keyval: { readonly public: string } };
  sign(message: Uint8Array<ArrayBuffer>): Promise<string>;
}

/** JSON that tests change at will. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into documents of any shape
export type Json = any;

export const now = Date.parse('2026-11-21T12:00:00Z');
export const day = 86_400_000;

export function formatTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+/, '');
}

/** A new Ed25519 key. */
export async function createTestKey(): Promise<TestKey> {
  const { signer } = await createKeyPair();
  const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: encodeHex(parseBase64(signer.pubkeyB64)) } };
  return {
    keyId: await digestHex('sha256', encodeOlpc(key)),
    key,
    sign: async (message) => encodeHex(await signer.sign(message)),
  };
}

/** Puts `keys` under `holder.keys`, and gives the role that they make. */
export function nameKeys(holder: Json, keys: readonly TestKey[], threshold = keys.length): Json {
  for (const { keyId, key } of keys) holder.keys[keyId] = key;
  return { keyids: keys.map(({ keyId }) => keyId), threshold };
}

/** The bytes of `signed` with signatures by `keys`. */
export async function signMetadata(signed: Json, keys: readonly TestKey[]): Promise<Uint8Array<ArrayBuffer>> {
  const message = encodeOlpc(signed as SignableObject);
  const signatures = await Promise.all(
    keys.map(async ({ keyId, sign }) => ({ keyid: keyId, sig: await sign(message) })),
  );
  return encodeText(JSON.stringify({ signatures, signed }, null, 1));
}

/** A repository with one key for each role, all of version 1. */
export class TestRepository {
  /** What is served, by path. */
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly requests: string[] = [];
  /** Who signs for which role. */
  readonly keys: Record<string, TestKey[]> = {};
  root: Json;
  timestamp: Json;
  snapshot: Json;
  /** The targets roles by name. */
  readonly roles: Record<string, Json> = {};

  static async create(expires = now + 30 * day): Promise<TestRepository> {
    const repository = new TestRepository();
    const common = (type: string) => ({
      _type: type,
      spec_version: '1.0.34',
      version: 1,
      expires: formatTime(expires),
    });
    repository.root = { ...common('root'), consistent_snapshot: true, keys: {}, roles: {} };
    for (const name of ['root', 'timestamp', 'snapshot', 'targets']) {
      repository.keys[name] = [await createTestKey()];
      repository.root.roles[name] = nameKeys(repository.root, repository.keys[name]);
    }
    repository.timestamp = { ...common('timestamp'), meta: {} };
    repository.snapshot = { ...common('snapshot'), meta: {} };
    repository.roles.targets = { ...common('targets'), targets: {} };
    await repository.addTarget('file.txt', 'hello');
    await repository.publish();
    return repository;
  }

  /** Lists and serves a target. */
  async addTarget(path: string, text: string, role = 'targets'): Promise<void> {
    const bytes = encodeText(text);
    const sha256 = await digestHex('sha256', bytes);
    this.roles[role].targets[path] = { length: bytes.length, hashes: { sha256 } };
    const at = path.lastIndexOf('/') + 1;
    this.files.set(`/targets/${path.slice(0, at)}${sha256}.${path.slice(at)}`, bytes);
  }

  /** Adds a role under `parent` with a key of its own; `paths` is `paths`, `path_hash_prefixes`, or nothing for a bin. */
  async delegate(parent: string, name: string, role: Json): Promise<void> {
    const keys = [await createTestKey()];
    this.keys[name] = keys;
    const { _type, spec_version, version, expires } = this.roles.targets;
    this.roles[name] ??= { _type, spec_version, version, expires, targets: {} };
    this.roles[parent].delegations ??= { keys: {}, roles: [] };
    const { delegations } = this.roles[parent];
    delegations.roles.push({ name, terminating: false, ...nameKeys(delegations, keys), ...role });
  }

  /** Signs and serves everything as it stands. */
  async publish(): Promise<void> {
    await this.publishRoot();
    await this.publishTargets();
    await this.publishSnapshot();
    await this.publishTimestamp();
  }

  async publishRoot(signers = this.keys.root): Promise<void> {
    this.serve(`/${this.root.version}.root.json`, await signMetadata(this.root, signers ?? []));
  }

  /** Every targets role, and its version in the snapshot. */
  async publishTargets(): Promise<void> {
    for (const [name, role] of Object.entries(this.roles)) {
      this.snapshot.meta[`${name}.json`] = { version: role.version };
      const bytes = await signMetadata(role, this.keys[name] ?? []);
      this.serve(`/${role.version}.${encodeURIComponent(name)}.json`, bytes);
    }
  }

  async publishSnapshot(): Promise<void> {
    this.timestamp.meta['snapshot.json'] = { version: this.snapshot.version };
    const bytes = await signMetadata(this.snapshot, this.keys.snapshot ?? []);
    this.serve(`/${this.snapshot.version}.snapshot.json`, bytes);
  }

  async publishTimestamp(): Promise<void> {
    this.serve('/timestamp.json', await signMetadata(this.timestamp, this.keys.timestamp ?? []));
  }

  /** Raises the versions of everything but root, and publishes it. */
  async publishNext(): Promise<void> {
    for (const signed of [this.timestamp, this.snapshot, ...Object.values(this.roles)]) signed.version++;
    await this.publish();
  }

  /** Publishes the next root, signed by the keys of now and by `others`. */
  async publishNextRoot(others: readonly TestKey[] = []): Promise<void> {
    this.root.version++;
    await this.publishRoot([...(this.keys.root ?? []), ...others]);
  }

  serve(path: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.files.set(path, bytes);
  }

  /** The bytes of the root that clients are pinned to. */
  get pinnedRoot(): Uint8Array<ArrayBuffer> {
    return this.files.get('/1.root.json') ?? new Uint8Array();
  }

  /** A new client. */
  connect(): TestClient {
    const kept = new Map<string, Uint8Array<ArrayBuffer>>();
    return {
      kept,
      repository: { metadataUrl: 'https://tuf.test', fetch: (url, limitBytes) => this.#answer(url, limitBytes) },
      pinnedRoot: this.pinnedRoot,
      now: () => now,
      store: {
        read: async (name) => kept.get(name),
        write: async (changes) => {
          for (const { name, bytes } of changes) bytes ? kept.set(name, bytes) : kept.delete(name);
        },
      },
    };
  }

  async #answer(url: string, limitBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = url.slice('https://tuf.test'.length);
    this.requests.push(path);
    const bytes = this.files.get(path);
    if (bytes && bytes.length > limitBytes) throw new TrustError('too_large', `expected at most ${limitBytes} bytes`);
    return bytes;
  }
}

/** What a client works with, and what it has kept. */
export interface TestClient extends TufClientOptions {
  readonly kept: Map<string, Uint8Array<ArrayBuffer>>;
}
