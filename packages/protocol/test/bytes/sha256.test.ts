/** FIPS 180-4; the examples are those of NIST's "Examples with Intermediate Values". */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeText } from '@signpost/protocol/bytes/text';
import fc from 'fast-check';

function digest(...pieces: readonly Uint8Array[]): string {
  const hash = createSha256();
  for (const piece of pieces) hash.update(piece);
  return hash.digestHex();
}

test('the examples of the standard hold', () => {
  const twoBlocks = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
  assert.equal(digest(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(digest(encodeText('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(digest(encodeText(twoBlocks)), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
});

test('a million letters have the digest of the standard', () => {
  const thousand = encodeText('a'.repeat(1000));
  const expected = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';
  assert.equal(digest(...Array.from({ length: 1000 }, () => thousand)), expected);
});

test('every length around the block size agrees with the platform', () => {
  for (let length = 0; length <= 260; length++) {
    const bytes = new Uint8Array(length).fill(length);
    assert.equal(digest(bytes), createHash('sha256').update(bytes).digest('hex'), `${length} bytes`);
  }
});

test('however the bytes are cut and wherever they lie in memory, the digest is that of the whole', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, fc.nat(7), (cut, offset) => {
      const views = cut.map((piece) => {
        const room = new Uint8Array(offset + piece.length + 3);
        room.set(piece, offset);
        return room.subarray(offset, offset + piece.length);
      });
      assert.equal(digest(...views), createHash('sha256').update(Buffer.concat(cut)).digest('hex'));
    }),
  );
});
