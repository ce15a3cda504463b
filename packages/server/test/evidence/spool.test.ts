/** Documents on their way in. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keepFile, Spool } from '../../src/evidence/spool.ts';
import { openDiskBlobs } from '../../src/storage/blobs/disk.ts';
import { openMigratedSqlite } from '../storage/migrated.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-spool-'));
after(() => rm(folder, { recursive: true, force: true }));

async function* body(...pieces: string[]) {
  for (const piece of pieces) yield Buffer.from(piece);
}

test('a document is a file while it is looked at, then a blob or nothing', async () => {
  const spool = await Spool.open(join(folder, 'incoming'));
  const blobs = await openDiskBlobs(join(folder, 'blobs'));
  const database = await openMigratedSqlite(folder);
  const limits = { maxBytes: 6, now: 1 };
  const sha256 = await spool.receive(body('abc', 'def'), limits, async (file) => {
    assert.equal(file.sizeBytes, 6);
    await keepFile({ database, blobs, now: () => 1 }, file);
    return file.sha256;
  });
  assert.equal(await blobs.measure(sha256), 6);
  const noted = await database.query.selectFrom('discarded_blob').selectAll().execute();
  assert.deepEqual(noted, [{ sha256, discarded_at: 1 }], 'until a row names it, it may be nobody’s');
  await database.close();
  await assert.rejects(
    spool.receive(body('abc', 'defg'), limits, async () => assert.fail()),
    { code: 'too_large' },
  );
  await assert.rejects(
    spool.receive(body('abc'), limits, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.deepEqual(await readdir(join(folder, 'incoming')), []);
});

test('what a crash left is gone when it is opened again', async () => {
  await writeFile(join(folder, 'incoming', 'left'), 'x');
  await Spool.open(join(folder, 'incoming'));
  assert.deepEqual(await readdir(join(folder, 'incoming')), []);
});
