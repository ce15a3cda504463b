/** The whole server on a real socket with a clock to move: two organisations, their roots, keys and people. */

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Logger, pino } from 'pino';
import { waitUntil } from '../../protocol/test/wait-until.ts';
import { createApiKey } from '../src/accounts/api-keys.ts';
import { createPerson } from '../src/accounts/people.ts';
import { createSessionSecrets } from '../src/accounts/sessions/secrets.ts';
import { csrfTokenOf, openSession } from '../src/accounts/sessions/sessions.ts';
import { type App, createApp } from '../src/app.ts';
import { systemActor } from '../src/audit/audit.ts';
import { parseConfig } from '../src/config.ts';
import type { InspectSbom } from '../src/evidence/sboms/inspection.ts';
import { Spool } from '../src/evidence/spool.ts';
import type { Role, Verb } from '../src/http/context.ts';
import { PreparedAnswers } from '../src/http/prepared.ts';
import { openHttpServer } from '../src/http/server.ts';
import { createRasterDecoding } from '../src/images/raster/decode.ts';
import { createMailer } from '../src/mail/mailer.ts';
import { createCatalogues } from '../src/modules/catalogue/keeper.ts';
import { createAcmeState } from '../src/pki/acme/state.ts';
import { WeakKeys } from '../src/pki/profiles/weak-keys.ts';
import { openRevocation } from '../src/pki/revocation/revocation.ts';
import { createPlanes, createPublished, openEvidence, openObserving, subscribePlanes } from '../src/planes.ts';
import { openPush } from '../src/push/push.ts';
import { joinCatalogues } from '../src/releases/projects/catalogues.ts';
import { DownloadCounter } from '../src/releases/public/statistics.ts';
import { createTreeWriter } from '../src/releases/public/tree-writer.ts';
import type { Scanner } from '../src/releases/scanner/clamd.ts';
import { PartFiles } from '../src/releases/uploads/part-files.ts';
import type { Resources } from '../src/resources.ts';
import roles from '../src/roles.json' with { type: 'json' };
import { openDiskBlobs } from '../src/storage/blobs/disk.ts';
import { createMemoryBus } from '../src/storage/bus/memory.ts';
import type { Database } from '../src/storage/database.ts';
import { createId } from '../src/storage/ids.ts';
import { type Relay, startRelay } from '../src/storage/outbox.ts';
import { AdmissionFigures } from '../src/watch/admission/metrics.ts';
import { openFollowing } from '../src/watch/clusters/open.ts';
import { createPackageSigning, findPackageSignature } from '../src/wordpress/updates/signature.ts';
import { createQuickPasswords } from './accounts/quick-passwords.ts';
import { openProcessParts } from './backup/process-parts.ts';
import { createQuickInspection } from './evidence/sboms/quick-inspection.ts';
import { addProject, createScene, foundOrganisation, type Scene } from './releases/scene.ts';
import { openMigratedSqlite } from './storage/migrated.ts';
import type { createVault } from './vault/opened-vault.ts';

/** Headers that prove who asks. */
export type Credential = Readonly<Record<string, string>>;

/** A request in words. */
export interface Ask {
  readonly as?: Credential;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back, header names in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON, for looking into. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** What a test may choose; the rest is the default. */
export interface PlanesChoice {
  readonly environment?: Readonly<Record<string, string>>;
  readonly scanner?: Scanner;
  /** In this process when absent. */
  readonly inspectSbom?: InspectSbom;
  /** An open, migrated database; SQLite in a temporary folder when absent. */
  readonly database?: Database;
  /** Makes a vault that other scenes do not have: `createVault`. */
  readonly openVault?: typeof createVault;
}

/** What a test has in its hands. */
export interface PlanesScene {
  readonly url: string;
  readonly app: App;
  readonly resources: Resources;
  readonly relay: Relay;
  /** What was logged, a line each. */
  readonly lines: string[];
  /** The default organisation. */
  readonly home: Scene;
  /** The organisation `other`, with the host name other.example. */
  readonly other: Scene;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** How many requests `ask` has sent. */
  asked(): number;
  openKey(organisation: Scene, verbs: readonly Verb[], scope?: '*' | `project:${string}`): Promise<Credential>;
  openPerson(organisation: Scene, role: Role): Promise<Credential>;
}

/** Opens the server; everything is cleared away after the test. */
export async function openPlanesScene(t: Pick<TestContext, 'after'>, choice: PlanesChoice = {}): Promise<PlanesScene> {
  const closers: (() => unknown)[] = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const database = choice.database ?? (await openOwnDatabase(dataDir, closers));
  const home = await createScene(database, choice.openVault);
  const other = await foundOrganisation(home, { slug: 'other', host: 'other.example' });
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const resources = await openResources(closers, home, { dataDir, log, choice });
  const bus = createMemoryBus();
  subscribePlanes(resources, bus);
  const relay = startRelay({ database, bus, now: resources.now, log });
  closers.push(() => relay.stop());
  const app = createApp({
    ...resources,
    roles,
    planes: createPlanes(resources),
    listSealed: async () => [],
    hostsChanged: () => {
      const { prepared, responders } = resources.revocation.statusAnswers;
      const { streams } = resources.push;
      for (const answers of [resources.prepared, prepared, responders, streams]) answers.forgetAll();
    },
  });
  const server = await openHttpServer({
    ...app,
    listen: { host: '127.0.0.1', port: 0 },
    prepared: [resources.prepared, resources.revocation.statusAnswers.prepared],
    responders: resources.revocation.statusAnswers.responders,
    streams: resources.push.streams,
    reads: app.limits.reads,
  });
  closers.push(() => server.stop());
  let asked = 0;
  return {
    ...{ url: server.url, app, resources, relay, lines, home, other },
    ask: (method, path, ask = {}) => {
      asked += 1;
      return send(`${server.url}${path}`, method, ask);
    },
    asked: () => asked,
    openKey: (organisation, verbs, scope = '*') => openKey(organisation, verbs, scope),
    openPerson: (organisation, role) => openPerson(organisation, role),
  };
}

async function openOwnDatabase(dataDir: string, closers: (() => unknown)[]): Promise<Database> {
  const database = await openMigratedSqlite(dataDir);
  closers.push(() => database.close());
  return database;
}

async function openResources(
  closers: (() => unknown)[],
  { dependencies }: Scene,
  { dataDir, log, choice }: { dataDir: string; log: Logger; choice: PlanesChoice },
): Promise<Resources> {
  const environment = { SIGNPOST_READS_PER_MINUTE: '0', SIGNPOST_SCAN: 'off', ...choice.environment };
  const config = parseConfig({ ...environment, SIGNPOST_DATA: dataDir });
  const wakeWorker = () => undefined;
  const observing = openObserving({ ...dependencies, config, log });
  const opened = {
    ...dependencies,
    passwords: createQuickPasswords(),
    log,
    config,
    blobs: await openDiskBlobs(join(dataDir, 'blobs')),
    parts: await PartFiles.open(join(dataDir, 'uploads')),
    spool: await Spool.open(join(dataDir, 'incoming')),
    inspectSbom: choice.inspectSbom ?? createQuickInspection(),
    pictures: createRasterDecoding(),
    scanner: choice.scanner,
    downloads: new DownloadCounter({ ...dependencies, log }),
    catalogues: joinCatalogues(
      createCatalogues({ ...dependencies, baseUrl: config.baseUrl }),
      createPackageSigning(dependencies),
    ),
    prepared: new PreparedAnswers(dependencies.now),
    acme: createAcmeState({ ...dependencies, log, dnsServers: [] }),
    revocation: openRevocation({ ...dependencies, log, weakKeys: new WeakKeys() }),
    version: '0.0.0-test',
    webhookAttempts: new Map(),
    mailer: config.mail && createMailer(config.mail),
    mailAttempts: new Map(),
    ...(await openProcessParts(config)),
    wakeRelay: () => undefined,
    wakeWorker,
    ...openEvidence({ ...dependencies, config, log, wakeWorker }),
    push: openPush({ ...dependencies, config, log, wakeWorker }),
    observing,
    following: openFollowing({ ...dependencies, config, log, observing }),
    admissions: new AdmissionFigures(),
  };
  const writeTree = createTreeWriter({
    ...opened,
    findSignature: (project, file) => findPackageSignature(opened, project, file),
  });
  closers.push(
    () => writeTree(),
    () => opened.revocation.stop(),
    () => opened.push.close(),
  );
  return { ...opened, published: createPublished(opened, writeTree) };
}

async function openKey(
  { dependencies: { database, now }, caller }: Scene,
  verbs: readonly Verb[],
  scope: '*' | `project:${string}`,
): Promise<Credential> {
  const wanted = { organisationId: caller.organisationId, name: 'a key', scope, verbs, expiresAt: null };
  const { key } = await database.transaction((tx) =>
    createApiKey(tx, { ...wanted, createdBy: null }, { actor: systemActor, now: now() }),
  );
  return { authorization: `Bearer ${key}` };
}

async function openPerson({ dependencies, caller }: Scene, role: Role): Promise<Credential> {
  const { database, vault, now } = dependencies;
  const passwords = createQuickPasswords();
  const { organisationId } = caller;
  const wanted = { organisationId, email: `${role}-${createId(now())}@mail.example`, name: role, role };
  const passwordHash = await passwords.hash('correct horse battery');
  const member = await database.transaction((tx) =>
    createPerson(tx, { ...wanted, passwordHash }, { actor: systemActor, now: now() }),
  );
  const secrets = createSessionSecrets({ database, vault, now });
  const opened = await openSession({ database, secrets, passwords, now }, organisationId, member);
  const token = await csrfTokenOf(secrets, opened.session.id);
  return { cookie: `__Host-signpost=${opened.token}`, 'x-signpost-csrf': token };
}

/** Sends over a connection of its own, byte for byte as `url` says. */
export async function send(url: string, method: string, { as, json, body, headers }: Ask = {}): Promise<Answer> {
  const bytes = json === undefined ? body : JSON.stringify(json);
  const isJson = json === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = sendRequest(url, { method, agent: false, headers: { ...isJson, ...as, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          get json() {
            return JSON.parse(whole.toString('utf8'));
          },
        });
      });
    });
    sent.on('error', reject);
    sent.end(bytes);
  });
}

/** Resolves when the log tells of `count` answers: a file is counted after its last byte has left. */
export async function waitForAnswers({ lines }: PlanesScene, count: number): Promise<void> {
  const told = () => lines.filter((line) => line.includes('"msg":"request"')).length;
  await waitUntil(`the log to tell of ${count} answers`, () => told() >= count);
}

/** A file of a release. */
interface FileWish {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly platform?: string;
  readonly mediaType?: string;
}

/** What may be said about a release; the rest has defaults. */
export interface ReleaseWish {
  readonly projectId: string;
  readonly version: string;
  readonly channel?: string;
  readonly changelog?: Readonly<Record<string, string>>;
  readonly files?: readonly FileWish[];
}

/** A draft with its files on disk, as the upload pipeline leaves it. Returns the SHA-256 of each file. */
export async function addStoredDraft({ resources }: PlanesScene, wish: ReleaseWish): Promise<readonly string[]> {
  const { database, blobs, config, now } = resources;
  const releaseId = createId(now());
  const files = wish.files ?? [{ name: `app-${wish.version}.zip`, bytes: Buffer.from(`the bytes of ${wish.version}`) }];
  const stored = files.map((file) => describeFile(file, { releaseId, at: now() }));
  for (const [index, { bytes }] of files.entries()) {
    const path = join(config.dataDir, `new-${createId(now())}`);
    await writeFile(path, bytes);
    await blobs.adopt(path, stored[index]?.sha256 ?? '');
  }
  const { projectId, version, channel = 'stable', changelog = {} } = wish;
  await database.transaction(async (tx) => {
    await tx
      .insertInto('release')
      .values({
        ...{ id: releaseId, project_id: projectId, version, channel, state: 'draft', min_version: null, reason: null },
        ...{ changelog: JSON.stringify(changelog), created_at: now(), activated_at: null, deleted_at: null },
      })
      .execute();
    await tx.insertInto('artifact').values(stored).execute();
  });
  return stored.map(({ sha256 }) => sha256);
}

function describeFile({ name, bytes, platform, mediaType }: FileWish, where: { releaseId: string; at: number }) {
  const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
  return {
    ...{ id: createId(where.at), release_id: where.releaseId, created_at: where.at, name },
    ...{ platform: platform ?? 'any', media_type: mediaType ?? 'application/zip', size_bytes: bytes.length },
    ...{ sha1: digest('sha1'), sha256: digest('sha256'), sha384: digest('sha384'), sha512: digest('sha512') },
    ...{ blake2b512: digest('blake2b512'), scan: '{"status":"not_scanned"}' },
  };
}

/** An organisation whose server key is active, with a project and its first release in service. */
export async function openShop(
  scene: PlanesScene,
  { organisation = scene.home, slug = 'rocket' }: { organisation?: Scene; slug?: string } = {},
): Promise<{ readonly projectId: string; readonly key: Credential }> {
  await organisation.openServerKey(1);
  const projectId = await addProject(organisation, slug);
  const key = await scene.openKey(organisation, ['read', 'upload', 'activate', 'manage', 'admin']);
  await addStoredDraft(scene, { projectId, version: '1.0.0' });
  const prefix = organisation === scene.home ? '' : '/o/other';
  const { status, body } = await scene.ask('POST', `${prefix}/api/projects/${slug}/releases/1.0.0/activate`, {
    as: key,
  });
  if (status !== 200) throw new Error(`expected the release to be activated, got ${body}`);
  return { projectId, key };
}
