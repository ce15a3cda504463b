import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createId } from '../../src/storage/ids.ts';
import { insertRows } from '../../src/storage/row-inserts.ts';
import { forEachEngine } from './engines.ts';

forEachEngine((_name, open) => {
  test('any number of rows is inserted, each with its own values', async () => {
    const database = await open();
    for (const count of [0, 1, 2, 3, 31, 127, 128, 129, 300]) {
      const rows = Array.from({ length: count }, (_, index) => createRow(`${count}.${index}`));
      await database.transaction((transaction) => insertRows(transaction, 'outbox', rows));
      const stored = await database.query
        .selectFrom('outbox')
        .selectAll()
        .where('topic', 'like', `${count}.%`)
        .orderBy('id')
        .execute();
      assert.deepEqual(stored, rows);
    }
  });

  test('columns in another order, and fewer of them, are statements of their own', async () => {
    const database = await open();
    const { published_at: publishedAt, ...fewer } = createRow('fewer');
    const reversed = Object.fromEntries(Object.entries(createRow('reversed')).reverse());
    await insertRows(database.query, 'outbox', [createRow('usual')]);
    await insertRows(database.query, 'outbox', [fewer]);
    await insertRows(database.query, 'outbox', [reversed as ReturnType<typeof createRow>]);
    const rows = await database.query.selectFrom('outbox').select(['topic', 'payload', 'published_at']).execute();
    assert.equal(publishedAt, null);
    assert.deepEqual(
      rows.map(({ topic, payload }) => `${topic} ${payload}`).sort(),
      ['fewer', 'reversed', 'usual'].map((topic) => `${topic} {"topic":"${topic}"}`),
    );
  });

  test('a row that breaks a constraint takes all rows of its transaction with it', async () => {
    const database = await open();
    const rows = Array.from({ length: 40 }, (_, index) => createRow(`row.${index}`));
    const twice = [...rows, { ...createRow('twice'), id: rows[0]?.id ?? '' }];
    await assert.rejects(database.transaction((transaction) => insertRows(transaction, 'outbox', twice)));
    assert.deepEqual(await database.query.selectFrom('outbox').select('id').execute(), []);
  });
});

function createRow(topic: string) {
  return {
    id: createId(1_800_000_000_000),
    organisation_id: 'o',
    topic,
    payload: JSON.stringify({ topic }),
    created_at: 1_800_000_000_000,
    published_at: null,
  };
}
