/** Rows are read once, and again after each change; never from a transaction that was taken back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptRows } from '../../src/storage/kept-rows.ts';
import { forEachEngine } from './engines.ts';

forEachEngine((_, open) => {
  test('a row is read once until a transaction that changes it has committed', async () => {
    const database = await open();
    const kept = new KeptRows<number>();
    let stored: number | undefined = 1;
    const find = () => kept.find(database.query, 'a', async () => stored);
    assert.equal(await find(), 1);
    stored = 2;
    assert.equal(await find(), 1);
    const failed = database.transaction(async (tx) => {
      kept.forget(tx, 'a');
      throw new RangeError('taken back');
    });
    await assert.rejects(failed, RangeError);
    assert.equal(await find(), 1);
    await database.transaction(async (tx) => kept.forget(tx, 'a'));
    assert.equal(await find(), 2);
    stored = 3;
    await database.transaction(async (tx) => kept.forgetAll(tx));
    assert.equal(await find(), 3);
  });

  test('a row whose reading began before a change is not kept after it', async () => {
    const database = await open();
    const kept = new KeptRows<number>();
    const slow = Promise.withResolvers<number>();
    const early = kept.find(database.query, 'a', () => slow.promise);
    await database.transaction(async (tx) => kept.forget(tx, 'a'));
    assert.equal(await kept.find(database.query, 'a', async () => 2), 2);
    slow.resolve(1);
    assert.equal(await early, 1);
    assert.equal(await kept.find(database.query, 'a', async () => 3), 2);
  });

  test('what is absent or failed is asked again, and the rows used least recently go first', async () => {
    const database = await open();
    const kept = new KeptRows<number>(2);
    const find = (key: string, row: number | undefined) => kept.find(database.query, key, async () => row);
    assert.equal(await find('a', undefined), undefined);
    await assert.rejects(
      kept.find(database.query, 'a', () => Promise.reject(new RangeError('no answer'))),
      RangeError,
    );
    for (const key of ['a', 'b', 'a', 'c']) await find(key, 1);
    assert.deepEqual([await find('a', 2), await find('b', 2)], [1, 2]);
  });
});
