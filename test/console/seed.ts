/** A real server in this process, with an organisation that has something of everything that the first pages show. */
import { rmSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { serve } from '../../packages/server/src/main.ts';
import { initialise } from '../../packages/server/src/setup.ts';
import { createQuickPasswords } from '../../packages/server/test/accounts/quick-passwords.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, createProject, pinRoot, uploadRelease } from '../programs/publisher.ts';

/** What a person may be. */
export type Role = 'admin' | 'manager' | 'viewer';

/** A seeded server. */
export interface SeededServer {
  readonly base: string;
  /** Where it keeps everything, for what only its own programs can seed. */
  readonly dataDir: string;
  /** All have the same password. */
  readonly people: Readonly<Record<Role, { readonly email: string; readonly password: string }>>;
  /** The administrator, over HTTP. */
  readonly admin: Operator;
  readonly root: OfflineRoot;
  /** Ends the server and leaves its folder. */
  end(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

const password = 'a password for the console';

/** Who is there: the administrator always, the others where they were made. */
export const people = {
  admin: { email: 'alice@example.org', password },
  manager: { email: 'mona@example.org', password },
  viewer: { email: 'viktor@example.org', password },
};

/** Starts a server that nobody has used yet: one admin, nothing else. `settings` go before its own. */
export async function startEmptyServer(settings: Settings = {}): Promise<SeededServer> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-console-'));
  await initialise(
    { SIGNPOST_DATA: join(folder, 'data') },
    {
      masterPassword: 'a master password',
      organisationName: 'Default',
      admin: { email: people.admin.email, name: 'Alice Adler', password },
    },
    { vaultCost: { passes: 1, memoryKib: 64, parallelism: 1 }, passwords: createQuickPasswords() },
  );
  return startServer({ folder, root: await OfflineRoot.create() }, settings);
}

/**
 * Starts a server with people of all roles, trust, a project with releases in several states, an authority and a certificate. It is a
 * copy of one that was seeded once for all that this process tests.
 */
export async function startSeededServer(settings: Settings = {}): Promise<SeededServer> {
  original ??= seedOriginal();
  const { folder, root } = await original;
  const copy = await mkdtemp(join(tmpdir(), 'signpost-console-'));
  await cp(join(folder, 'data'), join(copy, 'data'), { recursive: true });
  return startServer({ folder: copy, root: root.copy() }, settings);
}

type Settings = Readonly<Record<string, string>>;

/** A folder with the data of a server that does not run, and the root that signs for it. */
interface Place {
  readonly folder: string;
  readonly root: OfflineRoot;
}

let original: Promise<Place> | undefined;

async function seedOriginal(): Promise<Place> {
  const server = await startEmptyServer();
  const folder = dirname(server.dataDir);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  try {
    await seed(server);
  } finally {
    await server.end();
  }
  return { folder, root: server.root };
}

async function startServer({ folder, root }: Place, settings: Settings): Promise<SeededServer> {
  const passwordFile = join(folder, 'master-password');
  await writeFile(passwordFile, 'a master password\n', { mode: 0o600 });
  const dataDir = join(folder, 'data');
  const server = await serve(
    {
      SIGNPOST_DATA: dataDir,
      SIGNPOST_VAULT_PASSWORD_FILE: passwordFile,
      SIGNPOST_LISTEN: '127.0.0.1:0',
      SIGNPOST_SCAN: 'off',
      SIGNPOST_READS_PER_MINUTE: '0',
      SIGNPOST_LOGINS_PER_MINUTE: '1000',
      SIGNPOST_LOG_LEVEL: 'fatal',
      ...settings,
    },
    { passwords: createQuickPasswords() },
  );
  const admin = await signIn(server.url, people.admin.email, password);
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { base: server.url, dataDir, people, admin, root, end: () => server.stop(), stop };
}

async function seed({ admin, root }: SeededServer): Promise<void> {
  for (const [role, name] of [
    ['manager', 'Mona Maurer'],
    ['viewer', 'Viktor Vogt'],
  ] as const) {
    await admin.call('POST', '/api/people', { ...people[role], name, role });
  }
  await pinRoot(admin, root);
  await seedReleases(admin);
  await seedCertificates(admin);
}

async function seedReleases(admin: Operator): Promise<void> {
  await createProject(admin, 'compass');
  await createProject(admin, 'untouched');
  await admin.call('PATCH', '/api/projects/compass', {
    name: { en: 'Compass', de: 'Kompass' },
    description: { en: 'Finds the way home.', de: 'Findet nach Hause.' },
  });
  for (const version of ['1.0.0', '1.1.0', '1.2.0', '2.0.0']) {
    const bytes = new TextEncoder().encode(`compass ${version}\n`.repeat(4000));
    await uploadRelease(admin, { project: 'compass', version, name: `compass-${version}.bin`, bytes });
    const changelog = { en: `Version ${version}: <b>not bold</b>, since this is text.` };
    await admin.call('PATCH', `/api/projects/compass/releases/${version}`, { changelog });
  }
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) await activateRelease(admin, 'compass', version);
  await admin.call('POST', '/api/projects/compass/releases/1.1.0/withdraw', { reason: 'loses the way at night' });
}

async function seedCertificates(admin: Operator): Promise<void> {
  await admin.call('POST', '/api/authorities', {
    kind: 'root',
    name: 'house-root',
    subject: { CN: 'House Root' },
    key_type: 'ecdsa-p256',
    passphrase: 'a passphrase for the root',
  });
  await admin.call('POST', '/api/authorities', {
    kind: 'intermediate',
    name: 'house-servers',
    subject: { CN: 'House Servers' },
    key_type: 'ecdsa-p256',
    parent: 'house-root',
    passphrase: 'a passphrase for the root',
  });
  await admin.call('POST', '/api/certificates', {
    authority: 'house-servers',
    profile: 'server',
    key: 'ecdsa-p256',
    names: ['dns:door.internal'],
  });
}
