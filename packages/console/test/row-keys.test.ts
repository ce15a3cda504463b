/** What tells the rows of a list apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyRows } from '../src/parts/row-keys.ts';

test('rows have different keys, whatever they say', () => {
  const text = fc.oneof(fc.constantFrom('a', '1 a', '0 a', '1 1 a', ''), fc.nat(3));
  fc.assert(
    fc.property(fc.array(text), (rows) => {
      assert.equal(new Set(keyRows(rows, (row) => row)).size, rows.length);
    }),
  );
});

test('a row keeps its key when others come before it', () => {
  const [old] = keyRows(['b'], (row) => row);
  assert.equal(keyRows(['a', 'a', 'b'], (row) => row)[2], old);
});
