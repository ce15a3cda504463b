/** Backups of a live server on either engine, restored on either. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { listAudit } from '../../src/audit/store.ts';
import { createKeyPair, parseRecipient } from '../../src/backup/age/keys.ts';
import { createBackup } from '../../src/backup/create.ts';
import { drillBackup, makeBackup, restoreBackup, verifyBackup } from '../../src/backup/offline.ts';
import { appendFrames, openLog, readLog } from '../../src/push/log/log.ts';
import { type DatabaseLocation, openDatabase } from '../../src/storage/database/open.ts';
import { makeRaster } from '../images/pictures.ts';
import type { PlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { createVault } from '../vault/opened-vault.ts';
import { backUp, inspectFolder, openFilledServer, openFolder } from './scene.ts';

const run = promisify(execFile);
const report = () => undefined;
const trial = { opener: {}, report };
const pair = createKeyPair();
/** What the server of `openFilledServer` holds, with an icon beside it. */
const everything = { files: 4, manifests: 2, certificates: 3 };

async function openServerWithIcon(t: TestContext, location: DatabaseLocation): Promise<PlanesScene> {
  const scene = await openFilledServer(t, location);
  const as = await scene.openKey(scene.home, ['manage']);
  await scene.ask('POST', '/api/collections', { as, json: { slug: 'addons' } });
  await scene.ask('POST', '/api/collections/addons/modules', { as, json: { slug: 'maps' } });
  const body = await makeRaster('png', 16);
  const { status } = await scene.ask('PUT', '/api/collections/addons/modules/maps/icon', { as, body });
  assert.equal(status, 200);
  return scene;
}

forEachEngine((_name, _open, locate) => {
  test('a backup of a live server is whole: every file, manifest, certificate and audit row', async (t) => {
    const scene = await openServerWithIcon(t, await locate());
    const made = await backUp(scene, await openFolder(t));
    assert.match(made.name, /^signpost-backup-2026-11-21\.zip$/);
    assert.equal((await stat(made.path)).mode & 0o777, 0o600);
    assert.deepEqual(await verifyBackup({}, made.path, trial), made.manifest);
    const { findings, files, manifests, certificates } = await drillBackup({}, made.path, trial);
    assert.deepEqual({ findings, files, manifests, certificates }, { findings: [], ...everything });
  });

  test('a backup of this engine goes to SQLite, and one of SQLite comes here', async (t) => {
    const here = await locate();
    const scene = await openServerWithIcon(t, here);
    const made = await backUp(scene, await openFolder(t), [parseRecipient(pair.recipient)]);
    const opener = { identity: pair.identity };
    const dataDir = join(await openFolder(t), 'made');
    await restoreBackup({ SIGNPOST_DATA: dataDir }, made.path, { opener, otherVault: false, report });
    const at = Date.parse(made.manifest.made_at);
    assert.deepEqual((await inspectFolder({ dataDir, databaseUrl: undefined }, at)).findings, []);

    const back = await makeBackup({ SIGNPOST_DATA: dataDir }, { lock: {}, report });
    const target = { dataDir: await openFolder(t), databaseUrl: (await locate()).databaseUrl };
    const environment = { SIGNPOST_DATA: target.dataDir, SIGNPOST_DATABASE: target.databaseUrl };
    await restoreBackup(environment, back.path, { opener: {}, otherVault: false, report });
    const { findings, files, manifests, certificates } = await inspectFolder(target, at);
    assert.deepEqual({ findings, files, manifests, certificates }, { findings: [], ...everything });
    assert.deepEqual(await readdir(join(target.dataDir, 'restore')).catch(() => []), []);
  });

  test('a restore ends sessions and is told in the chain that it brings back', async (t) => {
    const scene = await openFilledServer(t, await locate());
    await scene.openPerson(scene.home, 'admin');
    const made = await backUp(scene, await openFolder(t));
    const target = { dataDir: await openFolder(t), databaseUrl: (await locate()).databaseUrl };
    const environment = { SIGNPOST_DATA: target.dataDir, SIGNPOST_DATABASE: target.databaseUrl };
    await restoreBackup(environment, made.path, { opener: {}, otherVault: false, report });
    const database = await openDatabase(target, { create: false });
    t.after(() => database.close());
    const open = await database.query.selectFrom('session').selectAll().where('revoked_at', 'is', null).execute();
    assert.deepEqual(open, []);
    const [row] = await listAudit(database, { action: 'restore.completed', limit: 10 });
    assert.equal(row?.sequence, made.manifest.audit.sequence + 1);
  });

  test('a restore begins the logs of frames in another epoch, and brings channels and no frames', async (t) => {
    const scene = await openFilledServer(t, await locate());
    const { database, now } = scene.home.dependencies;
    const { organisationId } = scene.home.caller;
    const signer = { kid: '0'.repeat(32), sign: () => new Uint8Array(64) };
    const before = await database.transaction(async (tx) => {
      const log = await openLog(tx, organisationId, now());
      const data = { project: 'rocket', version: '2.0.0' };
      const draft = { channel: 'releases', type: 'release.activated', data, since: now() };
      await appendFrames(tx, log, { drafts: [draft, draft], signer, now: now() });
      return log;
    });
    const made = await backUp(scene, await openFolder(t));
    const target = { dataDir: await openFolder(t), databaseUrl: (await locate()).databaseUrl };
    const environment = { SIGNPOST_DATA: target.dataDir, SIGNPOST_DATABASE: target.databaseUrl };
    await restoreBackup(environment, made.path, { opener: {}, otherVault: false, report });
    const restored = await openDatabase(target, { create: false });
    t.after(() => restored.close());
    const after = await readLog(restored.query, organisationId);
    assert.notEqual(after?.epoch, before.epoch);
    assert.deepEqual([...(after?.channels.keys() ?? [])], [...before.channels.keys()]);
    assert.equal(after?.channels.get('releases')?.head, 0);
    assert.deepEqual(await restored.query.selectFrom('push_frame').selectAll().execute(), []);
  });

  test('another vault is refused unless it is meant, and nothing changes', async (t) => {
    const mine = await openFilledServer(t, await locate());
    const other = await openFilledServer(t, undefined, { openVault: createVault });
    const foreign = await backUp(other, await openFolder(t));
    const own = await backUp(mine, await openFolder(t));
    const target = { dataDir: await openFolder(t), databaseUrl: (await locate()).databaseUrl };
    const environment = { SIGNPOST_DATA: target.dataDir, SIGNPOST_DATABASE: target.databaseUrl };
    const order = { opener: {}, otherVault: false, report };
    await restoreBackup(environment, own.path, order);
    await assert.rejects(restoreBackup(environment, foreign.path, order), { rule: 'backup-other-vault' });
    await restoreBackup(environment, own.path, order);
    await restoreBackup(environment, foreign.path, { ...order, otherVault: true });
    assert.deepEqual((await inspectFolder(target, Date.parse(own.manifest.made_at))).findings, []);
  });
});

suite('an archive', () => {
  test('is one that unzip and python read, and shows no secret of the vault', async (t) => {
    const scene = await openFilledServer(t);
    const { path } = await backUp(scene, await openFolder(t));
    await run('unzip', ['-tq', path]);
    await run('python3', ['-c', 'import sys, zipfile; assert zipfile.ZipFile(sys.argv[1]).testzip() is None', path]);
    const { stdout } = await run('unzip', ['-p', path, 'tables/signing_key.jsonl']);
    assert.match(stdout, /"v1\./);
    assert.ok(!(await readFile(path)).includes('a long master password'));
  });

  test('takes the next free name of its day, and never that of another', async (t) => {
    const scene = await openFilledServer(t);
    const dir = await openFolder(t);
    await writeFile(join(dir, 'signpost-backup-2026-11-21-2.zip'), 'mine');
    const names = [(await backUp(scene, dir)).name, (await backUp(scene, dir)).name];
    assert.deepEqual(names, ['signpost-backup-2026-11-21.zip', 'signpost-backup-2026-11-21-3.zip']);
    assert.equal(await readFile(join(dir, 'signpost-backup-2026-11-21-2.zip'), 'utf8'), 'mine');
    assert.deepEqual(
      (await readdir(dir)).filter((name) => name.startsWith('.')),
      [],
    );
  });

  test('is not made when a file that a release names is gone', async (t) => {
    const scene = await openFilledServer(t);
    const [artifact] = await scene.resources.database.query.selectFrom('artifact').select('sha256').execute();
    await scene.resources.blobs.remove(artifact?.sha256 ?? '');
    const dir = await openFolder(t);
    await assert.rejects(backUp(scene, dir), { code: 'unavailable', rule: 'blob-missing' });
    assert.deepEqual(await readdir(dir), []);
  });

  const skip = process.platform === 'linux' ? false : 'a full disk is made by prlimit, of Linux';

  test('for which there is no room is refused and leaves nothing, and the server lives on', { skip }, async (t) => {
    const scene = await openFilledServer(t);
    const bytes = randomBytes(8 * 1024 * 1024);
    const path = join(await openFolder(t), 'random');
    await writeFile(path, bytes);
    await scene.resources.blobs.adopt(path, createHash('sha256').update(bytes).digest('hex'));
    const dir = await openFolder(t);
    const limitFiles = (size: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${size}`]);
    t.after(() => limitFiles('unlimited:unlimited'));
    // Once the rows were copied: from here on the archive alone grows.
    const order = { dir, envelope: undefined, report: () => limitFiles('65536:unlimited') };
    const signal = new AbortController().signal;
    await assert.rejects(createBackup(scene.resources, { ...order, signal }), { code: 'EFBIG' });
    assert.deepEqual(await readdir(dir), []);
  });
});
