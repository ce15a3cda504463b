import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createJobs } from '../../../src/jobs.ts';
import { requestAllRescans, rescanOrganisation } from '../../../src/releases/rescan/rescan.ts';
import { openScanner } from '../../../src/releases/scanner/clamd.ts';
import { startWorker } from '../../../src/storage/jobs.ts';
import { problem } from '../../planes-problem.ts';
import { addStoredDraft, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { clamdMissing, startClamd } from '../scanner/clamd.ts';
import { addProject } from '../scene.ts';

const suspicious = Buffer.from('a perfectly innocent text, until somebody looks closer: 5c7be12f');
const silent = async () => undefined;

/** A project that is scanned, with two releases in service one after the other. */
async function openScanned(scene: PlanesScene) {
  await scene.home.openServerKey(1);
  const projectId = await addProject(scene.home, 'rocket');
  await scene.resources.database.query.updateTable('project').set({ scan: 'required' }).execute();
  const as = await scene.openKey(scene.home, ['activate', 'manage', 'read']);
  const wishes = [
    { version: '1.0.0', files: [{ name: 'a.zip', bytes: Buffer.from('harmless') }] },
    {
      version: '2.0.0',
      files: [
        { name: 'a.zip', bytes: suspicious },
        { name: 'b.zip', bytes: Buffer.concat([suspicious, suspicious]) },
      ],
    },
  ];
  for (const wish of wishes) {
    await addStoredDraft(scene, { projectId, ...wish });
    const { status } = await scene.ask('POST', `/api/projects/rocket/releases/${wish.version}/activate`, { as });
    assert.equal(status, 200);
  }
  return as;
}

async function readStates(scene: PlanesScene): Promise<string[]> {
  const rows = await scene.resources.database.query
    .selectFrom('release')
    .select(['version', 'state'])
    .orderBy('version')
    .execute();
  return rows.map(({ version, state }) => `${version} ${state}`);
}

suite('a rescan', { skip: clamdMissing() }, () => {
  test('takes down what a new signature finds, keeps the file, and tells the bus', async (t) => {
    const clamd = await startClamd();
    t.after(() => clamd.stop());
    const scanner = openScanner(clamd.address);
    const scene = await openPlanesScene(t, { scanner, environment: { SIGNPOST_SCAN: 'required' } });
    const as = await openScanned(scene);
    const { caller } = scene.home;
    const resources = { ...scene.resources, scanner };
    const first = await rescanOrganisation(resources, caller.organisationId, silent);
    assert.deepEqual(first, { scanned: 3, total: 3, infected: 0 });
    assert.deepEqual(await readStates(scene), ['1.0.0 superseded', '2.0.0 active']);
    const artifacts = await scene.resources.database.query.selectFrom('artifact').select('scan').execute();
    assert.ok(artifacts.every(({ scan }) => JSON.parse(scan).status === 'clean'));
    assert.equal((await scene.ask('GET', '/api/projects/rocket/manifest')).status, 200);

    await clamd.learn('Later-Known', suspicious);
    const reports: unknown[] = [];
    const second = await rescanOrganisation(resources, caller.organisationId, async (progress) => {
      reports.push(progress);
    });
    assert.deepEqual(second, { scanned: 3, total: 3, infected: 2 });
    assert.equal(reports.length, 4);
    assert.deepEqual(await readStates(scene), ['1.0.0 superseded', '2.0.0 quarantined']);
    assert.equal(problem(await scene.ask('GET', '/api/projects/rocket/manifest')), '404 no-release');
    for (const path of ['/rocket', '/rocket/2.0.0', '/rocket/2.0.0/a.zip'])
      assert.equal((await scene.ask('GET', path)).status, 404, path);
    const kept = await scene.ask('GET', '/rocket/2.0.0/a.zip', { as });
    assert.ok(kept.body.equals(suspicious), 'the evidence stays for members');
    const shown = (await scene.ask('GET', '/api/projects/rocket/releases/2.0.0', { as })).json;
    assert.match(String(shown.reason), /^the scanner found Later-Known/);
    const events = await scene.resources.database.query
      .selectFrom('outbox')
      .select(['topic', 'payload'])
      .where('topic', '=', 'release.quarantined')
      .execute();
    assert.equal(events.length, 1, 'once for the release, not for each file');
    assert.equal(JSON.parse(events[0]?.payload ?? '').version, '2.0.0');
  });

  test('runs as a job that somebody asks for, and is asked for once', async (t) => {
    const clamd = await startClamd();
    t.after(() => clamd.stop());
    const scene = await openPlanesScene(t, { scanner: openScanner(clamd.address) });
    const as = await openScanned(scene);
    const asked = await scene.ask('POST', '/api/rescan', { as });
    assert.equal(asked.status, 202);
    assert.equal((await scene.ask('POST', '/api/rescan', { as })).json.job, asked.json.job);
    const path = `/api/jobs/${asked.json.job}`;
    assert.equal((await scene.ask('GET', path, { as })).json.state, 'waiting');
    const { database, now, log } = scene.resources;
    const worker = startWorker({ database, handlers: createJobs(scene.resources), now, log, concurrency: 1 });
    await worker.drain();
    await worker.stop();
    const { state, progress } = (await scene.ask('GET', path, { as })).json;
    assert.deepEqual([state, progress], ['done', { scanned: 3, total: 3, infected: 0 }]);
    const theirs = await scene.openKey(scene.other, ['read', 'manage']);
    assert.equal(problem(await scene.ask('GET', `/o/other${path}`, { as: theirs })), '404 not_found');
    assert.equal(problem(await scene.ask('GET', path, { as: theirs })), '404 not_found');
    assert.notEqual((await scene.ask('POST', '/api/rescan', { as })).json.job, asked.json.job);
  });

  test('goes on past a file that lies nowhere any more, and says so', async (t) => {
    const clamd = await startClamd();
    t.after(() => clamd.stop());
    const scanner = openScanner(clamd.address);
    const scene = await openPlanesScene(t, { scanner });
    await openScanned(scene);
    const { blobs, database } = scene.resources;
    const [gone] = await database.query.selectFrom('artifact').select('sha256').orderBy('id').execute();
    await blobs.remove(gone?.sha256 ?? '');
    await clamd.learn('Later-Known', suspicious);
    const { organisationId } = scene.home.caller;
    const result = await rescanOrganisation({ ...scene.resources, scanner }, organisationId, silent);
    assert.deepEqual(result, { scanned: 3, total: 3, infected: 2 });
    assert.ok(scene.lines.some((line) => line.includes('cannot be read') && line.includes('rocket')));
  });
});

forEachEngine((_engine, open) => {
  test('a scanner that fails gives no verdict: nothing is taken down, nothing is called clean', async (t) => {
    const scanner = openScanner('/nowhere/clamd.sock');
    const scene = await openPlanesScene(t, { scanner, database: await open() });
    await openScanned(scene);
    const { organisationId } = scene.home.caller;
    await assert.rejects(rescanOrganisation({ ...scene.resources, scanner }, organisationId, silent), {
      rule: 'scanner-failed',
    });
    assert.deepEqual(await readStates(scene), ['1.0.0 superseded', '2.0.0 active']);
    const artifacts = await scene.resources.database.query.selectFrom('artifact').select('scan').execute();
    assert.ok(artifacts.every(({ scan }) => scan === '{"status":"not_scanned"}'));
    const finished = await scene.resources.database.query
      .selectFrom('audit_event')
      .select('sequence')
      .where('action', '=', 'rescan.finished')
      .execute();
    assert.deepEqual(finished, []);
  });

  test('every organisation is asked for once, however often', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    await requestAllRescans(scene.resources);
    await requestAllRescans(scene.resources);
    const jobs = await scene.resources.database.query.selectFrom('job').select('organisation_id').execute();
    assert.deepEqual(
      jobs.map(({ organisation_id }) => organisation_id).sort(),
      [scene.home.caller.organisationId, scene.other.caller.organisationId].sort(),
    );
  });
});

test('a server that stops does not wait for the end of a rescan', async (t) => {
  const scene = await openPlanesScene(t, { scanner: openScanner('/nowhere/clamd.sock') });
  await openScanned(scene);
  const { rescan } = createJobs(scene.resources);
  assert.ok(rescan);
  const job = { id: 'job', organisationId: null, kind: 'rescan', attempt: 1, signal: AbortSignal.abort() };
  const payload = { organisation_id: scene.home.caller.organisationId };
  await assert.rejects(rescan({ ...job, payload }, silent), { name: 'AbortError' });
});
