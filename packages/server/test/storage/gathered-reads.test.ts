import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../../src/storage/database.ts';
import { createGatheredReads } from '../../src/storage/gathered-reads.ts';

/** Only told apart, never asked. */
const database = {} as Database;

test('what is asked in one turn is read once, each group by itself, and begins after the turn', async () => {
  const reads: string[] = [];
  const read = createGatheredReads(async (_, group, keys) => {
    reads.push(`${group}: ${keys.join(' ')}`);
    return keys.length;
  });
  const asked = [read(database, 'a', ['1', '2']), read(database, 'b', ['1']), read(database, 'a', ['2', '3'])];
  assert.deepEqual(reads, []);
  assert.deepEqual(await Promise.all(asked), [3, 1, 3]);
  assert.deepEqual(reads, ['a: 1 2 3', 'b: 1']);
  assert.equal(await read(database, 'a', ['9']), 1);
  assert.equal(reads.length, 3);
});

test('one read takes no more keys than a statement does', async () => {
  const sizes: number[] = [];
  const read = createGatheredReads(async (_, __, keys) => {
    sizes.push(keys.length);
  });
  const ask = (from: number, count: number) =>
    read(
      database,
      'a',
      Array.from({ length: count }, (_, index) => String(from + index)),
    );
  await Promise.all([ask(0, 200), ask(1000, 200), ask(2000, 256), ask(3000, 1)]);
  assert.deepEqual(sizes, [200, 200, 256, 1]);
});

test('a read that fails fails for all who asked, and for nobody after', async () => {
  let failing = true;
  const read = createGatheredReads(async () => {
    if (failing) throw new Error('no database');
    return 'read';
  });
  const asked = [read(database, 'a', ['1']), read(database, 'a', ['2'])];
  for (const one of asked) await assert.rejects(one, /no database/);
  failing = false;
  assert.equal(await read(database, 'a', ['1']), 'read');
});
