import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createOrderedSerialNumber, createSerialNumber } from '@signpost/protocol/x509/write-certificate';
import fc from 'fast-check';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
/** Positive, and as many octets in DER as here. */
const isMinimal = ([first = 0]: Uint8Array) => first >= 0x20 && first < 0x80;
const time = fc.nat({ max: 2 ** 43 });

suite('serial numbers', () => {
  test('are positive, of the same length, and no two are alike', () => {
    const all = Array.from({ length: 3000 }, (_, index) =>
      index % 2 === 0 ? createSerialNumber() : createOrderedSerialNumber(1_800_000_000_000),
    );
    for (const [index, octets] of all.entries()) {
      assert.equal(octets.length, index % 2 === 0 ? 17 : 20);
      assert.ok(isMinimal(octets));
    }
    assert.equal(new Set(all.map(hex)).size, all.length);
  });

  test('in order come in the order of their milliseconds, for 12 days on end', () => {
    fc.assert(
      fc.property(time, fc.nat({ max: 2 ** 30 }), (at, later) => {
        const [first, second] = [createOrderedSerialNumber(at), createOrderedSerialNumber(at + later)];
        assert.ok(isMinimal(first) && isMinimal(second));
        const startsAnew = (at % 2 ** 30) + later >= 2 ** 30;
        if (later > 0 && later < 2 ** 30) assert.equal(hex(first) < hex(second), !startsAnew);
      }),
    );
  });

  test('in order have 128 bits that the time says nothing about', () => {
    const seen = new Uint8Array(16);
    for (let index = 0; index < 64; index++) {
      const octets = createOrderedSerialNumber(1_800_000_000_000);
      for (const [at, octet] of octets.subarray(4).entries()) seen[at] = (seen[at] ?? 0) | octet;
    }
    assert.equal(hex(seen), 'f'.repeat(32));
  });
});
