/** The key derivation of PKCS#12 against published values, and its fast path against the slow one. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import { iterateSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeUtf16 } from '@signpost/protocol/cms/password';
import { derivePkcs12Key } from '@signpost/protocol/cms/pkcs12-mac';
import fc from 'fast-check';

test('keys of the published vectors come out', async () => {
  for (const [password, salt, iterations, expected] of [
    ['smeg', '3d83c0e4546ac140', 1, '8d967d88f6caa9d714800ab3d48051d63f73a312'],
    ['queeg', '263216fcc2fab31c', 1000, '5ec4c7a80df652294c3925b6489a7ab857c83476'],
  ] as const) {
    const octets = encodeUtf16(`${password}\0`);
    const key = await derivePkcs12Key(octets, { hash: 'SHA-1', salt: parseHex(salt), iterations });
    assert.equal(encodeHex(key), expected);
  }
});

test('a password and a salt without octets fill no block', async () => {
  const key = await derivePkcs12Key(new Uint8Array(), { hash: 'SHA-256', salt: new Uint8Array(), iterations: 1 });
  assert.equal(encodeHex(key), createHash('sha256').update(Buffer.alloc(64, 3)).digest('hex'));
});

test('hashing many times at once is hashing many times', async () => {
  await fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(50), (digest, times) => {
      let expected: Uint8Array = digest;
      for (let time = 0; time < times; time++) expected = createHash('sha256').update(expected).digest();
      assert.equal(encodeHex(iterateSha256(digest, times)), encodeHex(expected));
    }),
  );
  let expected: Uint8Array = createHash('sha256').update(Buffer.alloc(64, 3)).digest();
  for (let time = 1; time < 9000; time++) expected = createHash('sha256').update(expected).digest();
  const key = await derivePkcs12Key(new Uint8Array(), { hash: 'SHA-256', salt: new Uint8Array(), iterations: 9000 });
  assert.equal(encodeHex(key), encodeHex(expected));
});
