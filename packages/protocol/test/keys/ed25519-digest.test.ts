/** Ed25519 over files that are hashed as they come in (RFC 8032), held against OpenSSL's and Node's verification of whole messages. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { parseHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import { isSignature, parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { coverEd25519, verifyEd25519Digest } from '@signpost/protocol/keys/ed25519-digest';
import fc from 'fast-check';
import { hashCovered } from '../hash-covered.ts';
import { refuses } from '../refuses.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const key = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
const signWhole = (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey));

function verify(signed: { key: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer> }, message: Uint8Array) {
  verifyEd25519Digest(signed, hashCovered(coverEd25519(signed), message));
}

/** RFC 8032, 7.1. */
const vectors = [
  {
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

test('the vectors of the standard verify', () => {
  for (const vector of vectors) {
    verify({ key: parseHex(vector.key), signature: parseHex(vector.signature) }, parseHex(vector.message));
  }
});

test('what verifies as a whole verifies by its digest, and nothing else does', async () => {
  const imported = await parsePublicKey(encodeBase64(key));
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.option(fc.record({ at: fc.nat(63), bit: fc.nat(7) })),
      async (bytes, damage) => {
        const message = new Uint8Array(bytes);
        const signature = signWhole(message);
        if (damage) signature[damage.at] = (signature[damage.at] ?? 0) ^ (1 << damage.bit);
        const isValid = await isSignature(imported, signature, message);
        assert.equal(isValid, damage === null);
        if (isValid) verify({ key, signature }, message);
        else assert.throws(() => verify({ key, signature }, message), refuses('bad_signature'));
      },
    ),
    { numRuns: 40 },
  );
});

test('32 bytes are a key here exactly when they are one for a whole message', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
      const candidate = new Uint8Array(bytes);
      const signature = signWhole(candidate);
      const imported = await parsePublicKey(encodeBase64(candidate)).catch(() => undefined);
      const isValid = imported !== undefined && (await isSignature(imported, signature, candidate));
      assert.equal(isValid, false);
      assert.throws(() => verify({ key: candidate, signature }, candidate), TrustError);
    }),
    { numRuns: 20 },
  );
});

test('a number above the order, a nonce of small order and a key that is no point are refused', () => {
  const message = new Uint8Array(3);
  const signature = signWhole(message);
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const twice = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
  const changed = new Uint8Array([...signature.subarray(0, 32), ...twice]);
  assert.throws(() => verify({ key, signature: changed }, message), refuses('bad_signature'));
  const small = new Uint8Array([1, ...new Uint8Array(31), ...signature.subarray(32)]);
  assert.throws(() => verify({ key, signature: small }, message), refuses('bad_signature'));
  for (const [first, rest] of [
    [1, 0],
    [0xff, 0xff],
    [2, 0],
  ] as const) {
    const bad = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? first : rest));
    assert.throws(() => verify({ key: bad, signature }, message), refuses('malformed'));
  }
});

test('keys, signatures and digests of other lengths are refused', () => {
  const signature = signWhole(key);
  assert.throws(() => coverEd25519({ key: key.slice(1), signature }), refuses('malformed'));
  assert.throws(() => coverEd25519({ key, signature: signature.slice(1) }), refuses('malformed'));
  assert.throws(() => verifyEd25519Digest({ key, signature }, new Uint8Array(32)), TypeError);
});
