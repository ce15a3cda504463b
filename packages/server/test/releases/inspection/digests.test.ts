/** All five digests in one pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DigestWriter } from '../../../src/releases/inspection/digests.ts';

test('the digests of "abc" are those of the standards', () => {
  const writer = new DigestWriter();
  writer.write(Buffer.from('abc'));
  // FIPS 180-4 examples; RFC 7693, appendix A.
  assert.deepEqual(writer.finish(), {
    sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    sha384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    sha512:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    blake2b512:
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  });
});

test('the digests do not depend on how the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), (chunks) => {
      const whole = new DigestWriter();
      whole.write(Buffer.concat(chunks));
      const parts = new DigestWriter();
      for (const chunk of chunks) parts.write(chunk);
      assert.equal(parts.size, whole.size);
      assert.deepEqual(parts.finish(), whole.finish());
    }),
  );
});
