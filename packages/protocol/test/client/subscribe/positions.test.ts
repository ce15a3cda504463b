import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorOf, encodePositions, parsePositions } from '@signpost/protocol/client/subscribe/positions';
import { epoch } from '../../frames/documents.ts';
import { refuses } from '../../refuses.ts';

const positions = new Map([
  ['trust', { epoch, sequence: 3, hash: 'abc=' }],
  ['app.x', { epoch: 'f'.repeat(16), sequence: 0, hash: undefined }],
]);

test('positions that are written are read back', () => {
  assert.deepEqual(parsePositions(encodePositions(positions)), positions);
});

test('a cursor has the channels of one epoch', () => {
  assert.equal(cursorOf(positions, ['trust', 'app.x', 'releases']), `${epoch}:trust.3`);
  assert.equal(cursorOf(positions, ['releases']), undefined);
});

for (const text of [
  '',
  '[]',
  '{"positions_version":2,"positions":[]}',
  '{"positions_version":1,"positions":[{"channel":"X"}]}',
]) {
  test(`${JSON.stringify(text)} is refused as positions`, () => {
    assert.throws(() => parsePositions(text), refuses('state_invalid'));
  });
}
