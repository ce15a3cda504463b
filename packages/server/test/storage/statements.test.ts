import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createStatementCache } from '../../src/storage/database/sqlite/statements.ts';

function open() {
  const cache = createStatementCache(new DatabaseSync(':memory:'));
  const run = (text: string) => cache.prepare(text).run([]);
  run('create table one (a text, b integer, c blob)');
  run("insert into one values ('x', 1, x'00ff'), (null, null, null)");
  return { cache, run };
}

test('rows are plain objects with every column, by `all` and one by one', () => {
  const { cache } = open();
  const expected = [
    { a: 'x', b: 1, c: Uint8Array.of(0, 255) },
    { a: null, b: null, c: null },
  ];
  const statement = cache.prepare('select * from one order by rowid');
  assert.deepEqual(statement.all([]), expected);
  assert.deepEqual([...statement.iterate([])], expected);
  assert.deepEqual(cache.prepare('select b as b, a as b from one limit 1').all([]), [{ b: 'x' }]);
});

test('a statement that is kept reads the columns that its table has got since', () => {
  const { cache, run } = open();
  const text = 'select * from one where b = 1';
  cache.prepare(text).all([]);
  run("alter table one add column d text default 'new'");
  assert.deepEqual(cache.prepare(text).all([]), [{ a: 'x', b: 1, c: Uint8Array.of(0, 255), d: 'new' }]);
});
