/** A server with releases in it, on either engine, and backups of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Lock } from '../../src/backup/age/encryption.ts';
import { createEnvelope } from '../../src/backup/age/encryption.ts';
import { createBackup, type MadeBackup } from '../../src/backup/create.ts';
import { type InspectionReport, inspectServer } from '../../src/backup/inspect.ts';
import { openDiskBlobs } from '../../src/storage/blobs/disk.ts';
import { type DatabaseLocation, openDatabase } from '../../src/storage/database/open.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { pkiSceneOf } from '../pki/scene.ts';
import { addStoredDraft, openPlanesScene, openShop, type PlanesChoice, type PlanesScene } from '../planes-scene.ts';

/** A server in which a release is in service, another was, a third is a draft, and authorities have certificates. */
export async function openFilledServer(
  t: TestContext,
  location?: DatabaseLocation,
  choice: Pick<PlanesChoice, 'openVault'> = {},
): Promise<PlanesScene> {
  const url = location?.databaseUrl;
  const database = url === undefined ? {} : await openOn(t, { ...location, databaseUrl: url });
  const scene = await openPlanesScene(t, { ...database, ...choice });
  const { projectId, key } = await openShop(scene);
  await addStoredDraft(scene, {
    projectId,
    version: '2.0.0',
    files: [{ name: 'large.zip', bytes: Buffer.alloc(300_000, 'x') }],
  });
  const { status } = await scene.ask('POST', '/api/projects/rocket/releases/2.0.0/activate', { as: key });
  if (status !== 200) throw new Error(`expected 200, got ${status}`);
  await addStoredDraft(scene, { projectId, version: '3.0.0' });
  const pki = pkiSceneOf(scene.home);
  await pki.createRoot();
  await pki.createIntermediate();
  return scene;
}

async function openOn(t: TestContext, location: { dataDir?: string; databaseUrl: string }) {
  const database = await openDatabase({ dataDir: '', ...location }, { create: false });
  t.after(() => database.close());
  await migrate(database);
  return { database, environment: { SIGNPOST_DATABASE: location.databaseUrl } };
}

/** A folder that is removed after the test. */
export async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A backup of the scene's server, made while it runs. */
export async function backUp(scene: PlanesScene, dir: string, lock?: Lock): Promise<MadeBackup> {
  const envelope = lock && (await createEnvelope(lock));
  const order = { dir, envelope, report: () => undefined, signal: new AbortController().signal };
  return createBackup(scene.resources, order);
}

/** What an inspection finds in a data folder that no server uses. */
export async function inspectFolder(location: DatabaseLocation, at: number): Promise<InspectionReport> {
  const database = await openDatabase(location, { create: false });
  try {
    return await inspectServer({ database, blobs: await openDiskBlobs(join(location.dataDir, 'blobs')), at });
  } finally {
    await database.close();
  }
}
