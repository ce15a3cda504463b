import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import fc from 'fast-check';

test('bytes survive, as the platform has them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(encodeHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(new Uint8Array(parseHex(encodeHex(bytes))), new Uint8Array(bytes));
    }),
  );
});

for (const text of ['0', 'AB', '0g', ' 00', '00\n', '0x00']) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseHex(text), { code: 'malformed' });
  });
}
