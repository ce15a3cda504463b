/** The push plane on a real socket: the application with its routes, a relay, and an organisation whose trust list vouches for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { RevokedKey } from '@signpost/protocol/updates/trust-list';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import { systemActor } from '../../src/audit/audit.ts';
import { type Config, parseConfig } from '../../src/config.ts';
import { DirectResponders } from '../../src/http/direct-responders.ts';
import { openHttpServer } from '../../src/http/server.ts';
import { type PushIdentity, readPushIdentity } from '../../src/push/keys/push-key.ts';
import { listWaiting } from '../../src/push/log/store.ts';
import { openPush, type Push, type PushParts } from '../../src/push/push.ts';
import { pushRoutes } from '../../src/push/routes.ts';
import { createMemoryBus } from '../../src/storage/bus/memory.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { createId } from '../../src/storage/ids.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { recordEvent, startRelay } from '../../src/storage/outbox.ts';
import type { PushKeyTable } from '../../src/storage/tables/push.ts';
import { importTrustList, pinRoots } from '../../src/trust/trust-lists.ts';
import { allRoles, createScene, ownRoles, type Scene } from '../http/scene.ts';
import { silentLog } from '../silent-log.ts';

/** What a test has in its hands. */
export interface PushScene extends Scene {
  readonly push: Push;
  /** Of the listening socket. */
  readonly url: string;
  readonly config: Config;
  readonly root: Signer;
  /** The push keys of the home organisation. */
  identity(): Promise<PushIdentity>;
  /** Puts a list in force that names these push keys. */
  publishTrust(terms: { version: number; push: readonly ListedKey[]; revoked?: readonly RevokedKey[] }): Promise<void>;
  /** Records an event as a plane does, and waits until it is with the bus. */
  tell(topic: string, payload: Readonly<Record<string, unknown>>, organisationId?: string): Promise<void>;
  /** Ends it all, but for the database that was given. */
  close(): Promise<void>;
  /** Waits until all that was told is in the logs, and listeners have been told. */
  settle(): Promise<void>;
}

/** A key as a trust list names it. */
type ListedKey = Pick<PushKeyTable, 'key_id' | 'pubkey_b64'>;

/** What a test may choose. */
export interface PushChoice {
  readonly environment?: Readonly<Record<string, string>>;
  readonly times?: PushParts['times'];
  /** False: no trust list is imported. */
  readonly vouched?: boolean;
}

/** Sets the scene on an empty, migrated database; `close` ends it. */
export async function createPushScene(database: Database, choice: PushChoice = {}): Promise<PushScene> {
  const config = parseConfig({ SIGNPOST_PUSH_FRAMES_PER_SECOND: '0', SIGNPOST_SCAN: 'off', ...choice.environment });
  const { push, scene } = await openPlane(database, { config, times: choice.times ?? {} });
  const { vault, now } = scene;
  const bus = createMemoryBus();
  push.start(bus);
  const relay = startRelay({ database, bus, now, log: silentLog });
  const { app } = scene;
  const server = await openHttpServer({
    ...app,
    ...{ prepared: [], responders: new DirectResponders(), streams: push.streams, reads: app.limits.reads },
    listen: { host: '127.0.0.1', port: 0 },
  });
  const { signer: root } = await createKeyPair();
  const caller = { organisationId: scene.home.id, actor: systemActor };
  await pinRoots({ database, now }, caller, { rootKeys: [root.pubkeyB64], threshold: 1 });
  const identity = () => readPushIdentity({ database, vault, now }, scene.home.id);
  const made: PushScene = {
    ...scene,
    ...{ push, url: server.url, config, root, identity },
    publishTrust: async ({ version, push: keys, revoked = [] }) => {
      const list = await signList(root, { version, now: now(), push: keys, revoked });
      await importTrustList({ database, vault, now }, caller, list);
      await relay.drain();
    },
    tell: async (topic, payload, organisationId = scene.home.id) => {
      const at = now();
      await database.transaction((tx) => recordEvent(tx, { id: createId(at), organisationId, topic, payload, at }));
      await relay.drain();
    },
    close: async () => {
      await push.drain(0);
      await server.stop();
      await relay.stop();
      await push.close();
    },
    settle: async () => {
      while ((await listWaiting(database.query)).length > 0) await sleep(5);
      // What was committed is told when it is durable.
      await database.settle();
    },
  };
  if (choice.vouched !== false) {
    const { waiting } = await identity();
    await made.publishTrust({ version: 1, push: waiting ? [waiting] : [] });
    await made.settle();
  }
  return made;
}

/** Sets the scene on SQLite, for tests of what no SQL is about. */
export async function openPushScene(choice: PushChoice = {}): Promise<PushScene> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
  await migrate(database);
  const scene = await createPushScene(database, choice);
  return {
    ...scene,
    close: async () => {
      await scene.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function openPlane(
  database: Database,
  { config, times }: { readonly config: Config; readonly times: NonNullable<PushParts['times']> },
): Promise<{ push: Push; scene: Scene }> {
  let push: Push | undefined;
  const roles = Object.fromEntries(Object.entries(allRoles).filter(([name]) => name.includes('/api/push/')));
  const scene = await createScene(database, {
    planes: (shared) => {
      push = openPush({ ...shared, config, times, wakeWorker: () => undefined });
      return [pushRoutes({ ...shared, push })];
    },
    roles: { ...ownRoles, ...roles },
  });
  if (!push) throw new TypeError('expected the plane to be open');
  return { push, scene };
}

async function signList(
  root: Signer,
  terms: { version: number; now: number; push: readonly ListedKey[]; revoked: readonly RevokedKey[] },
): Promise<Uint8Array> {
  const document = createTrustListDocument({
    version: terms.version,
    issuedAt: terms.now,
    expiresAt: terms.now + 365 * 86_400_000,
    roots: undefined,
    validKeys: [],
    pushKeys: terms.push.map(({ key_id: keyId, pubkey_b64: pubkeyB64 }) => ({
      key: { keyId, pubkeyB64 },
      ...{ label: 'push', notBefore: undefined, notAfter: undefined },
    })),
    revokedKeys: terms.revoked,
    projects: [],
  });
  return new TextEncoder().encode(await signEnvelope('trust', document, [root]));
}
