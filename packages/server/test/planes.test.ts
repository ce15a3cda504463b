import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { issueCertificate } from '../src/pki/certificates/issue.ts';
import { revokeCertificate } from '../src/pki/certificates/revoke.ts';
import { isBehind } from '../src/pki/revocation/lists/publish.ts';
import { subscribePlanes } from '../src/planes.ts';
import { openScanner } from '../src/releases/scanner/clamd.ts';
import { runHourly, runNightly, startSchedules } from '../src/schedules.ts';
import { createMemoryBus } from '../src/storage/bus/memory.ts';
import { importTrustList, readTrustInForce } from '../src/trust/trust-lists.ts';
import { pkiSceneOf } from './pki/scene.ts';
import { problem } from './planes-problem.ts';
import { openPlanesScene, openShop, type PlanesScene } from './planes-scene.ts';
import { dayMs, type ListWish, type Scene, start, trustKey } from './releases/scene.ts';
import { masterPassword } from './vault/opened-vault.ts';

const manifestPath = '/api/projects/rocket/manifest';

/** What the log says of manifests that could not be signed again. */
function refusals({ lines }: PlanesScene): string[] {
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'refused')
    .map(({ slug, reason }) => `${slug}: ${reason}`);
}

async function servedCounter(scene: PlanesScene, prefix = ''): Promise<number> {
  const { json } = await scene.ask('GET', `${prefix}${manifestPath}`);
  return (json.manifest as { counter: number }).counter;
}

async function importList({ dependencies, caller, signList }: Scene, wish: ListWish): Promise<void> {
  await importTrustList(dependencies, caller, await signList(wish));
}

suite('the hourly round', () => {
  test('signs again what is past half of its life, and strangers get it at once', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    assert.equal(await servedCounter(scene), 1);
    scene.home.travel(14 * dayMs);
    await runHourly(scene.resources);
    assert.equal(await servedCounter(scene), 1);
    scene.home.travel(2 * dayMs);
    assert.equal(await servedCounter(scene), 1);
    await runHourly(scene.resources);
    assert.equal(await servedCounter(scene), 2);
    await runHourly(scene.resources);
    assert.equal(await servedCounter(scene), 2);
  });

  test('reports a locked vault, and signs once it is open', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    scene.home.travel(16 * dayMs);
    scene.resources.vault.lock();
    await runHourly(scene.resources);
    assert.match(refusals(scene).join(), /^rocket: expected an unlocked vault/);
    assert.equal(await servedCounter(scene), 1, 'the old one still holds');
    await scene.resources.vault.unlock(masterPassword);
    await runHourly(scene.resources);
    assert.equal(await servedCounter(scene), 2);
  });

  test('reports an expired list, and warns of its end once at each crossing', async (t) => {
    const scene = await openPlanesScene(t);
    const { home } = scene;
    const key = await home.openServerKey(1);
    await importList(home, { version: 2, keys: [key], expiresAt: start + 40 * dayMs });
    const { database } = scene.resources;
    const warned = async () => {
      const rows = await database.query.selectFrom('outbox').select('topic').orderBy('id').execute();
      return rows.map(({ topic }) => topic).filter((topic) => topic.startsWith('trust.exp'));
    };
    await runHourly(scene.resources);
    assert.deepEqual(await warned(), ['trust.expiry_warning_90']);
    home.travel(41 * dayMs);
    await runHourly(scene.resources);
    await runHourly(scene.resources);
    assert.deepEqual(await warned(), ['trust.expiry_warning_90', 'trust.expiry_warning_30', 'trust.expired']);
  });

  test('leaves a project under approval to its maintainers, and says so', async (t) => {
    const scene = await openPlanesScene(t);
    const { home } = scene;
    await openShop(scene);
    const { signer } = await createKeyPair();
    const projects = [{ project: 'rocket', approvals: 1, counterEpoch: 0 }];
    await importList(home, { version: 2, keys: [trustKey(signer, { custody: 'maintainer' })], projects });
    await runHourly(scene.resources);
    assert.deepEqual(refusals(scene), ['rocket: the trust list demands 1 maintainer signatures for rocket']);
    scene.resources.prepared.forgetAll();
    assert.equal(problem(await scene.ask('GET', manifestPath)), '503 manifest-unverifiable');
  });

  test('goes on with other organisations where the trust lists of one do not verify', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    await openShop(scene, { organisation: scene.other });
    const { signer: thief } = await createKeyPair();
    const forged = Buffer.from(await scene.home.signList({ version: 1, signers: [thief] })).toString();
    await scene.resources.database.query
      .updateTable('trust_list')
      .set({ envelope: forged })
      .where('organisation_id', '=', scene.home.caller.organisationId)
      .execute();
    scene.home.travel(16 * dayMs);
    await runHourly(scene.resources);
    assert.equal(refusals(scene).length, 1);
    assert.equal(await servedCounter(scene, '/o/other'), 2);
  });

  test('goes on with the next thing when one fails', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    scene.home.travel(16 * dayMs);
    const { database } = scene.resources;
    const broken = { ...database, transaction: () => Promise.reject(new Error('the database is away')) };
    await runHourly({ ...scene.resources, database: broken });
    assert.equal(await servedCounter(scene), 1);
    assert.ok(scene.lines.some((line) => line.includes('a schedule failed') && line.includes('the database is away')));
    await runHourly(scene.resources);
    assert.equal(await servedCounter(scene), 2);
  });
});

suite('the nightly round', () => {
  test('asks for a rescan of every organisation, or none without a scanner', async (t) => {
    const scene = await openPlanesScene(t);
    const jobs = async () =>
      (await scene.resources.database.query.selectFrom('job').select('kind').execute()).map(({ kind }) => kind);
    await runNightly(scene.resources);
    assert.deepEqual(await jobs(), []);
    const woken: number[] = [];
    const scanner = openScanner('/nowhere/clamd.sock');
    await runNightly({ ...scene.resources, scanner, wakeWorker: () => woken.push(1) });
    assert.deepEqual([await jobs(), woken.length], [['rescan', 'rescan'], 1]);
  });
});

suite('a new trust list', () => {
  test('that raises the epoch of a counter has its manifests signed again, without anybody asking', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    const { home } = scene;
    const { organisationId } = home.caller;
    const trust = await readTrustInForce(scene.resources.database.query, organisationId);
    const projects = [{ project: 'rocket', approvals: 0, counterEpoch: 3 }];
    await importList(home, { version: 2, keys: trust?.validKeys ?? [], projects });
    await scene.relay.drain();
    const { manifest } = (await scene.ask('GET', manifestPath)).json;
    assert.equal((manifest as { counter_epoch: number }).counter_epoch, 3);
  });

  test('leaves the manifests of other organisations as they are', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene);
    await openShop(scene, { organisation: scene.other });
    await scene.relay.drain();
    scene.home.travel(16 * dayMs);
    const bus = createMemoryBus();
    subscribePlanes(scene.resources, bus);
    const event = { id: 'x', topic: 'trust.updated', payload: {}, at: 0 };
    await bus.publish({ ...event, organisationId: scene.other.caller.organisationId });
    assert.deepEqual([await servedCounter(scene), await servedCounter(scene, '/o/other')], [1, 2]);
    await bus.publish({ ...event, topic: 'signing_key.activated', organisationId: scene.home.caller.organisationId });
    assert.equal(await servedCounter(scene), 2);
    await bus.publish({ ...event, organisationId: null });
  });
});

test('an unlocked vault publishes at once the lists that had to wait for it', async (t) => {
  const scene = await openPlanesScene(t);
  const pki = pkiSceneOf(scene.home);
  const { resources } = scene;
  await pki.createRoot();
  const { id } = await pki.createIntermediate();
  const { publisher } = resources.revocation;
  await publisher.refresh();
  const certificate = await issueCertificate(pki.parts, pki.caller, {
    ...{ authority: 'issuing', profile: 'server', source: 'form', key: { kind: 'server', label: 'ecdsa-p256' } },
    names: [{ kind: 'dns', text: 'host.example' }],
  });
  resources.vault.lock();
  await revokeCertificate(resources, pki.caller, { id: certificate.row.id, reason: 'keyCompromise' });
  await publisher.settle();
  assert.equal(await isBehind(resources, id), true);
  await resources.vault.unlock(masterPassword);
  const bus = createMemoryBus();
  subscribePlanes(resources, bus);
  await bus.publish({ id: 'x', topic: 'vault.unlocked', payload: {}, at: 0, organisationId: null });
  while (await isBehind(resources, id)) await publisher.settle();
});

test('schedules that are stopped run no more', async (t) => {
  const scene = await openPlanesScene(t);
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const stop = startSchedules(scene.resources);
  await stop();
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
});
