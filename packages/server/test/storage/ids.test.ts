import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createId, isId } from '../../src/storage/ids.ts';

test('ids grow as text whatever the clock does', () => {
  let last = createId(0);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 47 }), (now) => {
      const id = createId(now);
      assert.ok(isId(id));
      assert.ok(id > last);
      last = id;
    }),
  );
});

test('more ids in one millisecond than the counter holds still grow', () => {
  const ids = Array.from({ length: 20_000 }, () => createId(2 ** 47 + 1));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});

test('other UUIDs and upper case are no ids', () => {
  assert.equal(isId('f81d4fae-7dec-11d0-a765-00a0c91e6bf6'), false);
  assert.equal(isId(createId(0).toUpperCase()), false);
});
