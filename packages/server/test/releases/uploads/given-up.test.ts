/** An inspection that the server cannot finish ends all the same: no upload is inspected for ever. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
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
});
