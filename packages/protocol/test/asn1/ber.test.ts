/** BER becomes DER where it must, and what is neither is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeBer } from '@signpost/protocol/asn1/ber';
import { encodeDer } from '@signpost/protocol/asn1/writer';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import fc from 'fast-check';
import { samples } from './values.ts';

const limit = { maxBytes: 10_000 };
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => parseHex(hex.replaceAll(' ', ''));

test('indefinite and long lengths, and strings in pieces, become one encoding', () => {
  for (const [ber, der] of [
    ['30 80 02 01 05 00 00', '30 03 02 01 05'],
    ['30 80 30 80 00 00 00 00', '30 02 30 00'],
    ['30 83 00 00 04 02 81 01 05', '30 03 02 01 05'],
    ['24 80 04 01 61 04 02 62 63 00 00', '04 03 61 62 63'],
    ['24 07 04 01 61 24 02 04 00', '04 01 61'],
    ['24 80 00 00', '04 00'],
    ['a0 80 04 01 61 00 00', 'a0 03 04 01 61'],
  ] as const) {
    assert.equal(encodeHex(normalizeBer(bytesOf(ber), limit)), der.replaceAll(' ', ''));
  }
});

test('DER stays as it is', () => {
  fc.assert(
    fc.property(samples, ({ value }) => {
      const bytes = encodeDer(value);
      fc.pre((bytes[0] ?? 0) !== 0);
      assert.deepEqual(normalizeBer(bytes, { maxBytes: bytes.length }), bytes);
    }),
  );
});

for (const [name, hex] of [
  ['an indefinite length without an end', '30 80 02 01 05'],
  ['an end that is cut off', '30 80 00'],
  ['an indefinite length of what has no members', '04 80 00 00'],
  ['a length of five octets', '04 85 00 00 00 00 01 61'],
  ['content that is cut off', '04 05 61'],
  ['a member that reaches beyond its sequence', '30 02 04 05 61 61 61 61 61'],
  ['something behind the end', '04 00 04 00'],
  ['a piece that is no octet string', '24 03 02 01 05'],
  ['a tag above 30', '1f 1f 00'],
  ['the end-of-contents tag', '00 00'],
  ['too many levels', `${'30 80 '.repeat(40)}${'00 00 '.repeat(40)}`.trim()],
  ['nothing', ''],
] as const) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => normalizeBer(bytesOf(hex), limit),
      (error) => error instanceof TrustError && error.code === 'malformed',
    );
  });
}

test('more than the limit is too large', () => {
  assert.throws(
    () => normalizeBer(new Uint8Array(11), { maxBytes: 10 }),
    (error) => error instanceof TrustError && error.code === 'too_large',
  );
});
