/** Signatures verified over digests alone: against Node, against @noble/curves also where numbers are at their edges, and each refusal. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { TrustError } from '@signpost/protocol/errors';
import { verifyDigest } from '@signpost/protocol/keys/digest-signature';
import { curveParameters } from '@signpost/protocol/keys/ec-point';
import { encodeEcdsaSignature } from '@signpost/protocol/keys/ecdsa-signature';
import { type Curve, curves } from '@signpost/protocol/keys/key-type';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import { encodeEcKey, encodeEd25519Key, parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';

const oracles = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const;
const hashNames: readonly HashName[] = ['SHA-256', 'SHA-384', 'SHA-512'];
const message = new TextEncoder().encode('a message');

function digestOf(hash: HashName): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash(hash.replace('-', '')).update(message).digest());
}

function isAccepted(key: SubjectKey, digest: Uint8Array, signature: Uint8Array<ArrayBuffer>, hash: HashName): boolean {
  try {
    verifyDigest(key, { algorithm: { kind: 'ecdsa', hash }, digest, signature });
    return true;
  } catch (error) {
    assert.ok(error instanceof TrustError);
    return false;
  }
}

function toBytes(number: bigint, size: number): Uint8Array {
  return Uint8Array.from(Buffer.from(number.toString(16).padStart(2 * size, '0'), 'hex'));
}

for (const curve of ['P-256', 'P-384', 'P-521'] as const) {
  test(`what Node signs with ${curve} and each hash is verified, and nothing that is changed`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const key = parseSubjectKey(Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })));
    for (const hash of hashNames) {
      const signature = Uint8Array.from(sign(hash.replace('-', ''), message, privateKey));
      const digest = digestOf(hash);
      verifyDigest(key, { algorithm: { kind: 'ecdsa', hash }, digest, signature });
      digest[0] = (digest[0] ?? 0) ^ 1;
      assert.throws(
        () => verifyDigest(key, { algorithm: { kind: 'ecdsa', hash }, digest, signature }),
        refuses('bad_signature'),
      );
    }
  });

  test(`numbers at their edges are judged on ${curve} as @noble/curves judges them`, () => {
    const { order } = curveParameters[curve];
    const edges = [1n, 2n, 3n, order - 1n, order - 2n, order, order + 1n, order >> 1n];
    const number = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 1n, max: order }));
    const digest = fc.oneof(
      fc.constantFrom(new Uint8Array(32), new Uint8Array(32).fill(0xff), toBytes(1n, 32)),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
    );
    // Keys that are the base point itself, or its negative, make sums of equal and opposite points.
    const secret = fc.oneof(fc.constantFrom(1n, 2n, order - 1n), fc.bigInt({ min: 1n, max: order - 1n }));
    fc.assert(
      fc.property(secret, number, number, digest, (d, r, s, hashed) => {
        const { bytes: size } = curves[curve];
        const signature = encodeEcdsaSignature(Uint8Array.of(...toBytes(r, size), ...toBytes(s, size)));
        assert.equal(isAccepted(keyOf(curve, d), hashed, signature, 'SHA-256'), askNoble(curve, d, hashed, r, s));
      }),
      { numRuns: 60 },
    );
  });

  test(`signatures made from known numbers on ${curve} are verified`, () => {
    const { order } = curveParameters[curve];
    const number = fc.oneof(fc.constantFrom(1n, 2n, order - 1n), fc.bigInt({ min: 1n, max: order - 1n }));
    fc.assert(
      fc.property(number, fc.uint8Array({ minLength: 32, maxLength: 32 }), (d, hashed) => {
        const raw = oracles[curve].sign(hashed, toBytes(d, curves[curve].bytes), { prehash: false, lowS: false });
        const signature = encodeEcdsaSignature(Uint8Array.from(raw));
        assert.ok(isAccepted(keyOf(curve, d), hashed, signature, 'SHA-256'));
      }),
      { numRuns: 25 },
    );
  });
}

function keyOf(curve: Curve, secret: bigint): SubjectKey {
  const point = oracles[curve].getPublicKey(toBytes(secret, curves[curve].bytes), false);
  return parseSubjectKey(encodeEcKey(curve, point));
}

function askNoble(curve: Curve, secret: bigint, digest: Uint8Array, r: bigint, s: bigint): boolean {
  const { bytes: size } = curves[curve];
  const raw = Uint8Array.of(...toBytes(r, size), ...toBytes(s, size));
  const point = oracles[curve].getPublicKey(toBytes(secret, size), false);
  try {
    return oracles[curve].verify(raw, digest, point, { prehash: false, lowS: false });
  } catch {
    return false;
  }
}

test('what Node signs with RSA is verified, and nothing that is changed', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = parseSubjectKey(Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })));
  for (const hash of hashNames) {
    const algorithm = { kind: 'rsa-pkcs1', hash } as const;
    const signature = Uint8Array.from(sign(hash.replace('-', ''), message, privateKey));
    verifyDigest(key, { algorithm, digest: digestOf(hash), signature });
    const changed = digestOf(hash).fill(0, 0, 1);
    assert.throws(() => verifyDigest(key, { algorithm, digest: changed, signature }), refuses('bad_signature'));
    const digest = digestOf(hash);
    for (const wrong of [signature.slice(1), Uint8Array.of(0, ...signature), new Uint8Array(256).fill(0xff)]) {
      assert.throws(() => verifyDigest(key, { algorithm, digest, signature: wrong }), refuses('bad_signature'));
    }
  }
});

test('a key of another kind, a point off its curve and other algorithms are refused', () => {
  const digest = digestOf('SHA-256');
  const signature = encodeEcdsaSignature(new Uint8Array(64).fill(1));
  const ecdsa = { kind: 'ecdsa', hash: 'SHA-256' } as const;
  const ed25519 = parseSubjectKey(encodeEd25519Key(new Uint8Array(32)));
  assert.throws(() => verifyDigest(ed25519, { algorithm: ecdsa, digest, signature }), refuses('bad_signature'));
  const off = parseSubjectKey(encodeEcKey('P-256', Uint8Array.of(4, ...new Uint8Array(64).fill(1))));
  assert.throws(() => verifyDigest(off, { algorithm: ecdsa, digest, signature }), refuses('malformed'));
  for (const algorithm of [{ kind: 'ed25519' }, { kind: 'rsa-pss', hash: 'SHA-256' }] as const) {
    assert.throws(() => verifyDigest(off, { algorithm, digest, signature }), refuses('algorithm_unsupported'));
  }
  assert.throws(() => verifyDigest(off, { algorithm: ecdsa, digest: digest.slice(1), signature }), TypeError);
});
