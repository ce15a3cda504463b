/** Over a log whose rows are not what was signed nothing new is put in force, and what takes something out of force is never kept from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { activateRelease } from '../../../src/releases/lifecycle/activation.ts';
import { quarantineRelease } from '../../../src/releases/lifecycle/release.ts';
import { encodeServed, readServedManifest } from '../../../src/releases/public/publication.ts';
import type { Database } from '../../../src/storage/database.ts';
import { checkLog } from '../../../src/trust/log/check.ts';
import { findOpenLog } from '../../../src/trust/log/store.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { importTrustList, readTrustInForce } from '../../../src/trust/trust-lists.ts';
import { addModule, openCollection, publish, readAsClient } from '../../modules/shop.ts';
import { addDraft, addProject, createScene, type Scene } from '../../releases/scene.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine } from '../../storage/engines.ts';

const hash = `${'A'.repeat(43)}=`;
const planted = (position: string) => `insert into log_entry
  (log_id, position, type, organisation_id, entry, leaf_hash, logged_at)
  select 1, ${position}, 'trust-list', 'nobody', '{}', '${hash}', 0 from transparency_log`;

/** What somebody with the database in hand does to it, by what it is called. */
const damages: Readonly<Record<string, readonly string[]>> = {
  'a leaf is another one': [`update log_entry set leaf_hash = '${hash}' where position = 0`],
  'leaves are gone': ['delete from log_entry where position > 0'],
  'a leaf stands beyond the end': [planted('size')],
  'the end went back': ['update transparency_log set size = 2, checkpoint_size = 2'],
  'the end ran ahead': ['update transparency_log set size = size + 1'],
  'the checkpoint is gone': ['update transparency_log set checkpoint = null'],
  'the checkpoint is none': [`update transparency_log set checkpoint = 'none'`],
  'the key is another one': [`update transparency_log set pubkey_b64 = '${hash}'`],
  'the key is none': [`update transparency_log set pubkey_b64 = 'none'`],
  'the name is none': [`update transparency_log set origin = 'a name + a space'`],
};

forEachEngine((_engine, open) => {
  for (const [what, statements] of Object.entries(damages)) {
    test(`where ${what}, keys are revoked and releases quarantined, and nothing new is put in force`, async () => {
      const scene = await openShop(await open());
      const { dependencies, caller } = scene;
      const { database } = dependencies;
      await damage(database, statements);
      await assertServed(scene);
      await addDraft(scene, { projectId: scene.rocket, version: '2.0.0' });
      await assert.rejects(activateRelease(dependencies, caller, { slug: 'rocket', version: '2.0.0' }), {
        ...{ code: 'unavailable', rule: 'log-damaged' },
      });
      for (const slug of ['maps', 'rocket']) {
        const name = { slug, version: '1.0.0' };
        const { state } = await quarantineRelease(dependencies, caller, { name, reason: 'infected' });
        assert.equal(state, 'quarantined');
      }
      assert.deepEqual((await readAsClient(scene)).offered, []);
      await assertRevoked(scene);
      const log = await findOpenLog(database.query);
      assert.ok(log);
      await assert.rejects(checkLog(database.query, log), { rule: 'log-damaged' });
    });
  }

  test('where the tables of the log are gone, keys are revoked and releases quarantined', async () => {
    const scene = await openShop(await open());
    const { dependencies, caller } = scene;
    await damage(dependencies.database, ['drop table log_node', 'drop table log_entry', 'drop table transparency_log']);
    const name = { slug: 'maps', version: '1.0.0' };
    await quarantineRelease(dependencies, caller, { name, reason: 'infected' });
    assert.deepEqual((await readAsClient(scene)).offered, []);
    await assertRevoked(scene);
  });
});

/** An organisation with a log, a module and a project, each with a release in service. */
async function openShop(database: Database) {
  const scene = await createScene(database);
  const { dependencies, caller } = scene;
  const key = await scene.openServerKey(1);
  await openLog({ ...dependencies, baseUrl: 'https://updates.example.com' });
  await openCollection(scene);
  await publish(scene, { slug: 'maps', projectId: await addModule(scene, 'maps') });
  const rocket = await addProject(scene, 'rocket');
  await addDraft(scene, { projectId: rocket, version: '1.0.0' });
  await activateRelease(dependencies, caller, { slug: 'rocket', version: '1.0.0' });
  return { ...scene, rocket, key };
}

async function damage({ engine, query }: Database, statements: readonly string[]): Promise<void> {
  for (const table of ['log_entry', 'transparency_log', 'log_node']) {
    for (const act of ['update', 'delete']) {
      const guard = `${table}_${act}`;
      await sql.raw(engine === 'sqlite' ? `drop trigger ${guard}` : `drop rule ${guard} on ${table}`).execute(query);
    }
  }
  for (const statement of statements) await sql.raw(statement).execute(query);
}

/** What is in force goes out, proven or not. */
async function assertServed({ dependencies, caller }: Scene): Promise<void> {
  const parts = { ...dependencies, log: silentLog };
  const name = { slug: 'rocket', channel: 'stable' };
  const served = await readServedManifest(parts, caller.organisationId, name);
  assert.match((await encodeServed(parts, caller.organisationId, served)).text, /"version":"1\.0\.0"/);
}

/** An emergency list, without the server's key. */
async function assertRevoked({ dependencies, caller, signList, key }: Awaited<ReturnType<typeof openShop>>) {
  const { keyId, pubkeyB64 } = key.key;
  const at = { revokedAt: dependencies.now(), effectiveFrom: undefined };
  const revoked = [{ keyId, pubkeyB64, reason: 'compromised', ...at }];
  await importTrustList(dependencies, caller, await signList({ version: 2, revoked }));
  const trust = await readTrustInForce(dependencies.database.query, caller.organisationId);
  assert.deepEqual(
    trust?.revokedKeys.map((one) => one.keyId),
    [keyId],
  );
}
