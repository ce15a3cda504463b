/** The end of uploads: an inspection that the server cannot finish ends all the same, and what ended is not kept for ever. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pruneUploads, readUpload, type UploadState } from '../../../src/releases/uploads/upload.ts';
import type { Database } from '../../../src/storage/database.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { buildZip, file } from '../inspection/zip-builder.ts';
import { openWorkshop } from './workshop.ts';

const zip = buildZip([file('a.txt'), file('b/c.txt')]);

function ruleOf({ row }: UploadState): string {
  assert.equal(row.state, 'refused');
  return JSON.parse(row.refusal ?? '{}').rule;
}

forEachEngine((_name, open) => {
  let database: Database;
  before(async () => {
    database = await open();
  });

  test('an inspection that fails each time ends in a refusal, and the file may be sent again', async (t) => {
    const workshop = await openWorkshop(database, { scan: 'off' });
    t.after(() => workshop.close());
    const shard = join(workshop.folder, 'blobs', createHash('sha256').update(zip).digest('hex').slice(0, 2));
    await writeFile(shard, 'a file where the blobs need a folder');
    const { row } = await workshop.send(zip);
    const read = () => readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    for (let attempt = 1; attempt <= 5; attempt++) {
      assert.equal((await read()).row.state, 'inspecting', `before attempt ${attempt}`);
      await workshop.work();
      workshop.pass(600_000);
    }
    assert.equal(ruleOf(await read()), 'inspection-failed');
    assert.deepEqual(await readdir(join(workshop.folder, 'uploads')), []);
    await rm(shard);
    assert.equal((await workshop.upload(zip)).row.state, 'accepted');
  });

  test('an inspection that took the server down each time is refused by the clock', async (t) => {
    const workshop = await openWorkshop(database, { scan: 'off' });
    t.after(() => workshop.close());
    const { row } = await workshop.send(zip);
    await pruneUploads(workshop);
    assert.equal((await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id })).row.state, 'inspecting');
    await database.query
      .updateTable('job')
      .set({ state: 'running', attempts: 5, lease_until: 1 })
      .where('dedupe_key', '=', `upload.inspect:${row.id}`)
      .execute();
    await workshop.work();
    await pruneUploads(workshop);
    const state = await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    assert.equal(ruleOf(state), 'inspection-failed');
    assert.deepEqual(await readdir(join(workshop.folder, 'uploads')), []);
  });

  test('a blob that was damaged meanwhile is not taken for the bytes that were sent', async (t) => {
    const workshop = await openWorkshop(database, { scan: 'off' });
    t.after(() => workshop.close());
    const { row } = await workshop.send(zip);
    const sha256 = createHash('sha256').update(zip).digest('hex');
    await workshop.blobs.adopt(workshop.parts.pathOf(row.id), sha256);
    const path = workshop.blobs.locate(sha256) ?? '';
    await chmod(path, 0o600);
    await writeFile(path, Buffer.concat([zip.subarray(0, -1), Buffer.of(1)]));
    await workshop.work();
    const state = await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    assert.equal(ruleOf(state), 'inspection-failed');
    assert.equal((await workshop.upload(zip, { name: 'again.zip' })).row.state, 'accepted');
  });

  test('what ended is forgotten after thirty days, and its artifact stays', async (t) => {
    const workshop = await openWorkshop(database, { scan: 'off' });
    t.after(() => workshop.close());
    const { row } = await workshop.upload(zip);
    workshop.pass(29 * 24 * 3600 * 1000);
    await pruneUploads(workshop);
    const { row: kept } = await readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id });
    workshop.pass(2 * 24 * 3600 * 1000);
    await pruneUploads(workshop);
    await assert.rejects(readUpload(workshop, workshop.caller, { slug: 'demo', id: row.id }), { code: 'not_found' });
    const artifacts = database.query
      .selectFrom('artifact')
      .select('name')
      .where('id', '=', kept.artifact_id ?? '');
    assert.deepEqual(await artifacts.execute(), [{ name: 'demo.zip' }]);
  });
});
