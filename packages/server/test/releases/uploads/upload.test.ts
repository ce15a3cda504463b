/** The way of a file from its first byte to a draft, or to a refusal that keeps nothing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { openScanner } from '../../../src/releases/scanner/clamd.ts';
import { inspectUpload } from '../../../src/releases/uploads/inspect-upload.ts';
import { PartFiles } from '../../../src/releases/uploads/part-files.ts';
import {
  cancelUpload,
  createUpload,
  pruneUploads,
  readUpload,
  receiveUpload,
  type UploadRequest,
  type UploadState,
} from '../../../src/releases/uploads/upload.ts';
import type { Database } from '../../../src/storage/database.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { buildZip, file } from '../inspection/zip-builder.ts';
import { clamdMissing, eicar, type RunningClamd, startClamd } from '../scanner/clamd.ts';
import { openWorkshop, stream, type Workshop, type WorkshopOptions } from './workshop.ts';

const zip = buildZip([file('a.txt'), file('b/c.txt')]);
const request: UploadRequest = { version: '1.0.0', name: 'demo.zip', sizeBytes: zip.length };

function digest(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function refusalOf({ row }: UploadState): { rule: string; message: string; hint: string } {
  assert.equal(row.state, 'refused');
  return JSON.parse(row.refusal ?? '{}');
}

forEachEngine((_name, open) => {
  let database: Database;
  const workshops: Workshop[] = [];
  before(async () => {
    database = await open();
  });
  after(async () => {
    for (const workshop of workshops) await workshop.close();
  });
  async function start(options: WorkshopOptions = {}): Promise<Workshop> {
    const workshop = await openWorkshop(database, options);
    workshops.push(workshop);
    return workshop;
  }
  function begin(workshop: Workshop, change: Partial<UploadRequest> = {}): Promise<UploadState> {
    return createUpload(workshop, workshop.caller, { slug: 'demo', request: { ...request, ...change } });
  }
  function send(workshop: Workshop, id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<UploadState> {
    return receiveUpload(workshop, workshop.caller, { name: { slug: 'demo', id }, offset, body });
  }
  function listFiles(workshop: Workshop): Promise<string[]> {
    return readdir(join(workshop.folder, 'uploads'));
  }
  function artifactOf({ row }: UploadState) {
    return database.query
      .selectFrom('artifact')
      .innerJoin('release', 'release.id', 'artifact.release_id')
      .selectAll('artifact')
      .select(['release.version', 'release.channel', 'release.state', 'release.changelog'])
      .where('artifact.id', '=', row.artifact_id ?? '')
      .executeTakeFirstOrThrow();
  }
  async function said(workshop: Workshop): Promise<string[]> {
    const events = await database.query
      .selectFrom('outbox')
      .select('topic')
      .where('organisation_id', '=', workshop.caller.organisationId)
      .orderBy('id')
      .execute();
    const rows = await database.query
      .selectFrom('audit_event')
      .select('action')
      .where('organisation_id', '=', workshop.caller.organisationId)
      .orderBy('sequence')
      .execute();
    return [...events.map(({ topic }) => `event ${topic}`), ...rows.map(({ action }) => `audit ${action}`)];
  }

  test('a good file becomes the artifact of a new draft, with all digests', async () => {
    const workshop = await start({ scan: 'off' });
    const changelog = { en: '- first' };
    const state = await workshop.upload(zip, {
      changelog,
      channel: 'beta',
      platform: 'linux-x86_64',
      sha256: digest('sha256', zip),
    });
    assert.equal(state.row.state, 'accepted');
    const artifact = await artifactOf(state);
    assert.deepEqual([artifact.version, artifact.channel, artifact.state], ['1.0.0', 'beta', 'draft']);
    assert.deepEqual(JSON.parse(artifact.changelog), changelog);
    assert.deepEqual(
      [artifact.name, artifact.platform, artifact.media_type],
      ['demo.zip', 'linux-x86_64', 'application/zip'],
    );
    assert.equal(artifact.size_bytes, zip.length);
    for (const algorithm of ['sha1', 'sha256', 'sha384', 'sha512', 'blake2b512'] as const) {
      assert.equal(artifact[algorithm], digest(algorithm, zip));
    }
    assert.deepEqual(JSON.parse(artifact.scan), { status: 'not_scanned' });
    assert.equal(await workshop.blobs.measure(artifact.sha256), zip.length);
    assert.deepEqual(await listFiles(workshop), []);
    assert.deepEqual(await said(workshop), ['event upload.accepted', 'audit upload.accepted']);
    await verifyAuditChain(database);
  });

  test('a second file joins the draft, and one of the same name does not', async () => {
    const workshop = await start({ scan: 'off', acceptedTypes: ['any'] });
    await workshop.upload(zip);
    const second = await artifactOf(
      await workshop.upload(Buffer.from('\x7fELF', 'latin1'), { name: 'demo', platform: 'linux' }),
    );
    assert.deepEqual([second.version, second.media_type], ['1.0.0', 'application/x-elf']);
    await assert.rejects(begin(workshop), { code: 'conflict', rule: 'artifact-exists' });
  });

  test('of two uploads of one name at once, one is accepted and the other refused', async () => {
    const workshop = await start({ scan: 'off' });
    const first = await workshop.send(zip);
    const second = await workshop.send(zip);
    await workshop.work();
    const states = await Promise.all(
      [first, second].map(({ row }) => readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id })),
    );
    assert.deepEqual(states.map(({ row }) => row.state).toSorted(), ['accepted', 'refused']);
    const refused = states.find(({ row }) => row.state === 'refused');
    assert.ok(refused);
    assert.equal(refusalOf(refused).rule, 'artifact-exists');
  });

  test('a release that is no draft any more takes no file', async () => {
    const workshop = await start({ scan: 'off' });
    await workshop.upload(zip);
    const late = await workshop.send(zip, { name: 'late.zip' });
    const { release_id } = await database.query
      .selectFrom('artifact')
      .innerJoin('upload', 'upload.artifact_id', 'artifact.id')
      .select('release_id')
      .where('upload.organisation_id', '=', workshop.caller.organisationId)
      .executeTakeFirstOrThrow();
    await database.query.updateTable('release').set({ state: 'withdrawn' }).where('id', '=', release_id).execute();
    await workshop.work();
    const state = await readUpload(workshop, workshop.caller, { slug: 'demo', id: late.row.id });
    assert.equal(refusalOf(state).rule, 'release-closed');
    await assert.rejects(begin(workshop, { name: 'later.zip' }), { code: 'conflict', rule: 'release-closed' });
  });

  test('another channel than that of the release is refused', async () => {
    const workshop = await start({ scan: 'off' });
    await workshop.upload(zip, { channel: 'beta' });
    await assert.rejects(begin(workshop, { name: 'b.zip', channel: 'stable' }), { rule: 'channel-mismatch' });
    assert.equal((await begin(workshop, { name: 'b.zip' })).row.channel, 'beta');
  });

  test('a hostile archive is refused by its rule, said so, and nothing is kept', async () => {
    const workshop = await start({ scan: 'off' });
    const state = await workshop.upload(buildZip([file('../evil')]));
    const { rule, message, hint } = refusalOf(state);
    assert.equal(rule, 'path-traversal');
    assert.ok(message.length > 0 && hint.length > 0);
    assert.deepEqual(await listFiles(workshop), []);
    assert.deepEqual(await said(workshop), ['event upload.refused', 'audit upload.refused']);
    for await (const blob of workshop.blobs.list()) assert.fail(`kept ${blob.sha256}`);
  });

  test('a file whose digest is not the announced one is refused', async () => {
    const workshop = await start({ scan: 'off' });
    const state = await workshop.upload(zip, { sha256: digest('sha256', Buffer.from('other')) });
    assert.equal(refusalOf(state).rule, 'digest-mismatch');
    assert.deepEqual(await listFiles(workshop), []);
  });

  test('a type that the project does not take is refused', async () => {
    const workshop = await start({ scan: 'off', acceptedTypes: ['tar.gz'] });
    assert.equal(refusalOf(await workshop.upload(zip)).rule, 'type-not-accepted');
  });

  test('an upload goes on where it was, also after a restart', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    assert.equal((await send(workshop, row.id, 0, stream(zip.subarray(0, 40)))).offset, 40);
    assert.equal((await send(workshop, row.id, 40, stream(zip.subarray(40, 60)))).offset, 60);
    const restarted = { ...workshop, parts: await PartFiles.open(join(workshop.folder, 'uploads')) };
    assert.equal((await send(restarted, row.id, 60, stream(zip.subarray(60)))).row.state, 'inspecting');
    await workshop.work();
    const artifact = await artifactOf(await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id }));
    assert.equal(artifact.blake2b512, digest('blake2b512', zip));
  });

  test('a broken connection keeps what came', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    async function* broken() {
      yield zip.subarray(0, 50);
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    }
    await assert.rejects(send(workshop, row.id, 0, broken()), { code: 'invalid', rule: 'upload-broken' });
    assert.equal((await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id })).offset, 50);
    assert.equal((await send(workshop, row.id, 50, stream(zip.subarray(50)))).row.state, 'inspecting');
  });

  test('a crash after the last byte and before the inspection is mended by sending nothing more', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    await workshop.parts.append(row.id, stream(zip), { offset: 0, sizeBytes: zip.length });
    assert.equal((await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id })).row.state, 'receiving');
    assert.equal((await send(workshop, row.id, zip.length, stream(Buffer.alloc(0)))).row.state, 'inspecting');
  });

  test('a crash between the blob and the database is mended by running the job again', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await workshop.send(zip);
    await workshop.blobs.adopt(workshop.parts.pathOf(row.id), digest('sha256', zip));
    await workshop.work();
    assert.equal((await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id })).row.state, 'accepted');
  });

  test('a job that runs again after the end changes nothing', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await workshop.upload(zip);
    const digests = { sha1: '', sha256: '', sha384: '', sha512: '', blake2b512: '' };
    await inspectUpload(workshop, { payload: { upload_id: row.id, digests }, attempt: 1 });
    assert.deepEqual(await said(workshop), ['event upload.accepted', 'audit upload.accepted']);
  });

  test('another offset than that of the file is refused', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    await assert.rejects(send(workshop, row.id, 1, stream(zip)), { code: 'conflict', rule: 'upload-offset' });
    await send(workshop, row.id, 0, stream(zip.subarray(0, 40)));
    await assert.rejects(send(workshop, row.id, 0, stream(zip)), { code: 'conflict', rule: 'upload-offset' });
  });

  test('more bytes than announced are refused, and the upload can go on rightly', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    await send(workshop, row.id, 0, stream(zip.subarray(0, 10)));
    const more = Buffer.concat([zip.subarray(10), Buffer.from('more')]);
    await assert.rejects(send(workshop, row.id, 10, stream(more, 20)), { code: 'invalid', rule: 'size-mismatch' });
    assert.equal((await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id })).offset, 10);
    assert.equal((await send(workshop, row.id, 10, stream(zip.subarray(10)))).row.state, 'inspecting');
  });

  test('two writers of one upload at once are refused', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* slow() {
      yield zip.subarray(0, 10);
      await promise;
      yield zip.subarray(10);
    }
    const first = send(workshop, row.id, 0, slow());
    while (!workshop.parts.isBusy(row.id)) await new Promise(setImmediate);
    await assert.rejects(send(workshop, row.id, 0, stream(zip)), { rule: 'upload-busy' });
    await assert.rejects(cancelUpload(workshop, workshop.caller, { slug: 'demo', id: row.id }), {
      rule: 'upload-state',
    });
    resolve();
    assert.equal((await first).row.state, 'inspecting');
  });

  test('nothing is sent to an upload that is inspected or has ended', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await workshop.send(zip);
    await assert.rejects(send(workshop, row.id, 0, stream(zip)), { code: 'conflict', rule: 'upload-state' });
    await assert.rejects(cancelUpload(workshop, workshop.caller, { slug: 'demo', id: row.id }), {
      rule: 'upload-state',
    });
    await workshop.work();
    await assert.rejects(send(workshop, row.id, 0, stream(zip)), { code: 'conflict', rule: 'upload-state' });
  });

  test('an upload that was given up is gone', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    await cancelUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    await assert.rejects(readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id }), { code: 'not_found' });
    assert.deepEqual(await listFiles(workshop), []);
  });

  test('another organisation does not see an upload', async () => {
    const [mine, theirs] = [await start({ scan: 'off' }), await start({ scan: 'off' })];
    const { row } = await begin(mine);
    await assert.rejects(readUpload(theirs, theirs.caller, { slug: 'demo', id: row.id }), { code: 'not_found' });
  });

  test('what is no name, version or size is refused', async () => {
    const workshop = await start({ scan: 'off' });
    const wrong: Partial<UploadRequest>[] = [
      { name: '../a.zip' },
      { name: '.htaccess' },
      { version: '..' },
      { version: 'a/b' },
      { version: 'info' },
      { version: 'latest-beta' },
      { channel: 'Beta' },
      { platform: 'a b' },
      { sha256: 'abc' },
      { changelog: { 'not a locale': 'x' } },
      // Short as Markdown, too long as the HTML that a manifest carries.
      { changelog: { en: '&'.repeat(20_000) } },
      { sizeBytes: 0 },
      { sizeBytes: 1.5 },
    ];
    for (const change of wrong)
      await assert.rejects(begin(workshop, change), { code: 'invalid' }, JSON.stringify(change));
    await assert.rejects(begin(workshop, { sizeBytes: 65 * 1024 * 1024 }), { code: 'too_large', rule: 'size-limit' });
    assert.deepEqual(await listFiles(workshop), []);
  });

  test('a deleted project takes nothing, not even what was on its way', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await workshop.send(zip);
    const change = (deleted_at: number | null) =>
      database.query.updateTable('project').set({ deleted_at }).where('id', '=', row.project_id).execute();
    await change(1);
    await assert.rejects(begin(workshop), { code: 'not_found' });
    await workshop.work();
    await change(null);
    const state = await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    assert.equal(refusalOf(state).rule, 'project-deleted');
  });

  test('uploads without a byte for a day are removed, and only they', async () => {
    const workshop = await start({ scan: 'off' });
    const { row } = await begin(workshop);
    await workshop.send(zip, { name: 'inspected.zip' });
    workshop.pass(23 * 3600 * 1000);
    await pruneUploads(workshop);
    await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    workshop.pass(2 * 3600 * 1000);
    assert.ok((await pruneUploads(workshop)) >= 1);
    await assert.rejects(readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id }), { code: 'not_found' });
    assert.equal((await listFiles(workshop)).length, 2, 'the files of the upload that is inspected');
  });

  describe('with clamd', { skip: clamdMissing() }, () => {
    let clamd: RunningClamd;
    before(async () => {
      clamd = await startClamd();
    });
    after(() => clamd.stop());

    test('a clean file says by what it was scanned', async () => {
      const workshop = await start({ scanner: openScanner(clamd.address) });
      const scan = JSON.parse((await artifactOf(await workshop.upload(zip))).scan);
      assert.equal(scan.status, 'clean');
      assert.equal(scan.engine, 'ClamAV');
      assert.match(scan.scanned_at, /^2026-/);
      assert.equal('signature_date' in scan, false, 'the test database has no date');
    });

    test('malware is refused, and the finding named', async () => {
      const workshop = await start({ scanner: openScanner(clamd.address) });
      const { rule, message } = refusalOf(await workshop.upload(buildZip([file('a.com', { content: eicar })])));
      assert.equal(rule, 'malware-found');
      assert.match(message, /Eicar/);
    });

    test('a project that opted out is not scanned, and says so', async () => {
      const workshop = await start({ scanner: openScanner(clamd.address), scan: 'off' });
      const artifact = await artifactOf(await workshop.upload(buildZip([file('a.com', { content: eicar })])));
      assert.deepEqual(JSON.parse(artifact.scan), { status: 'not_scanned' });
    });
  });

  test('a scanner that does not answer refuses the file', async () => {
    const workshop = await start({ scanner: openScanner('/nonexistent/clamd.sock') });
    assert.equal(refusalOf(await workshop.upload(zip)).rule, 'scanner-failed');
  });
});
