/** RFC 8032; the oracle is @noble/curves. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import { createKeyPair, createSigner, isSignature, parsePublicKey } from '@signpost/protocol/keys/ed25519';
import fc from 'fast-check';

// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
const vectors = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

test('the vectors of RFC 8032 hold', async () => {
  for (const { seed, key, message, signature } of vectors) {
    const signer = await createSigner(parseHex(seed));
    assert.equal(encodeHex(parseBase64(signer.pubkeyB64)), key);
    assert.equal(encodeHex(await signer.sign(parseHex(message))), signature);
    const publicKey = await parsePublicKey(signer.pubkeyB64);
    assert.ok(await isSignature(publicKey, parseHex(signature), parseHex(message)));
  }
});

test('a key id is the SHA-256 of the raw key', async () => {
  const { signer } = await createKeyPair();
  const { keyId } = await parsePublicKey(signer.pubkeyB64);
  assert.equal(keyId, createHash('sha256').update(Buffer.from(signer.pubkeyB64, 'base64')).digest('hex'));
  assert.equal(signer.keyId, keyId);
});

test('keys and signatures are those of the oracle, and a changed byte in either message or signature is refused', async () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
  await fc.assert(
    fc.asyncProperty(seeds, bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), async (seed, message, at, flip) => {
      const signer = await createSigner(new Uint8Array(seed));
      const signature = await signer.sign(new Uint8Array(message));
      const key = await parsePublicKey(signer.pubkeyB64);
      assert.deepEqual(new Uint8Array(parseBase64(signer.pubkeyB64)), ed25519.getPublicKey(seed));
      assert.deepEqual(signature, ed25519.sign(message, seed));
      assert.ok(await isSignature(key, signature, new Uint8Array(message)));
      assert.ok(!(await isSignature(key, flipByte(signature, at, flip), new Uint8Array(message))));
      assert.ok(!(await isSignature(key, signature, flipByte(message, at, flip))));
    }),
    { numRuns: 50 },
  );
});

test('a signature with S not reduced is refused', async () => {
  const { signer } = await createKeyPair();
  const message = new Uint8Array([1]);
  const signature = await signer.sign(message);
  const order = ed25519.Point.Fn.ORDER;
  const s = toNumber(signature.subarray(32)) + order;
  const malleable = new Uint8Array([...signature.subarray(0, 32), ...toBytes(s)]);
  assert.ok(!(await isSignature(await parsePublicKey(signer.pubkeyB64), malleable, message)));
});

test('a signature with R of small order is refused, though the equation holds', async () => {
  const seed = new Uint8Array(32).fill(7);
  const { scalar } = ed25519.utils.getExtendedPublicKey(seed);
  const signer = await createSigner(seed);
  const message = new Uint8Array([1]);
  const r = ed25519.Point.ZERO.toBytes();
  const hash = createHash('sha512').update(r).update(parseBase64(signer.pubkeyB64)).update(message).digest();
  const { Fn } = ed25519.Point;
  const signature = new Uint8Array([...r, ...toBytes(Fn.mul(Fn.create(toNumber(hash)), scalar))]);
  assert.ok(ed25519.verify(signature, message, parseBase64(signer.pubkeyB64), { zip215: true }));
  assert.ok(!(await isSignature(await parsePublicKey(signer.pubkeyB64), signature, message)));
});

test('every point of small order is refused as a key, in every encoding', async () => {
  const { Point } = ed25519;
  const base = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', true);
  let point = Point.ZERO;
  for (let index = 0; index < 8; index++) {
    const raw = new Uint8Array(point.toBytes());
    await assert.rejects(parsePublicKey(encodeBase64(raw)), { code: 'malformed' });
    raw[31] = (raw[31] ?? 0) ^ 0x80;
    await assert.rejects(parsePublicKey(encodeBase64(raw)), { code: 'malformed' });
    point = point.add(base);
  }
  assert.ok(point.equals(Point.ZERO), 'eight steps lead back');
});

test('a key that is not reduced is refused', async () => {
  for (let low = 0xed; low <= 0xff; low++) {
    const raw = new Uint8Array(32).fill(0xff);
    raw[0] = low;
    await assert.rejects(parsePublicKey(encodeBase64(raw)), { code: 'malformed' });
    raw[31] = 0x7f;
    await assert.rejects(parsePublicKey(encodeBase64(raw)), { code: 'malformed' });
  }
});

test('a seed of another length is a mistake of the programmer', async () => {
  await assert.rejects(createSigner(new Uint8Array(31)), TypeError);
});

function flipByte(bytes: Uint8Array, at: number, flip: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes, (byte, index) => (index === at % bytes.length ? byte ^ flip : byte));
}

function toNumber(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`);
}

function toBytes(number: bigint): Uint8Array {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}
