import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCursor, parseCursor } from '@signpost/protocol/frames/cursor';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';
import { epoch } from './documents.ts';

const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}(?:\.[a-z0-9][a-z0-9-]{0,6}){0,3}$/);
const cursors = fc.record(
  {
    epoch: fc.stringMatching(/^[0-9a-f]{16}$/),
    sequences: fc
      .uniqueArray(fc.tuple(names, fc.maxSafeNat()), { minLength: 1, maxLength: 16, selector: ([name]) => name })
      .map((entries) => new Map(entries)),
  },
  { noNullPrototype: true },
);

test('a cursor that is written is read back, whatever the order of its channels', () => {
  fc.assert(
    fc.property(cursors, (cursor) => {
      const text = formatCursor(cursor);
      assert.deepEqual(parseCursor(text), cursor);
      const turned = new Map([...cursor.sequences].reverse());
      assert.equal(formatCursor({ ...cursor, sequences: turned }), text);
    }),
  );
});

test('a channel with a number at its end is told apart from its sequence', () => {
  assert.deepEqual([...parseCursor(`${epoch}:app.room.7.12`).sequences], [['app.room.7', 12]]);
});

for (const text of [
  '',
  epoch,
  `${epoch}:`,
  `${epoch}:trust`,
  `${epoch}:trust.`,
  `${epoch}:trust.-1`,
  `${epoch}:trust.01`,
  `${epoch}:trust.1.`,
  `${epoch}:trust.9007199254740993`,
  `${epoch}:trust.1,trust.2`,
  `${epoch}:trust.1,releases.2`,
  `${epoch}:trust.1:x`,
  `${epoch}:Trust.1`,
  `0123:trust.1`,
  `${epoch}:${'a'.repeat(5000)}.1`,
]) {
  test(`${JSON.stringify(text.slice(0, 60))} is refused as a cursor`, () => {
    assert.throws(() => parseCursor(text), refuses('malformed'));
  });
}
