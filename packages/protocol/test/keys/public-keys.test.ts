/** Keys of certificates: made here, read by openssl; made by openssl, read here; and what is refused. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { DerReader } from '@signpost/protocol/asn1/reader';
import {
  bitOctets,
  encodeDer,
  encoded,
  explicit,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  unsigned,
} from '@signpost/protocol/asn1/writer';
import { TrustError } from '@signpost/protocol/errors';
import { algorithmIdentifier } from '@signpost/protocol/keys/algorithm-identifier';
import { encodeEcdsaSignature, parseEcdsaSignature } from '@signpost/protocol/keys/ecdsa-signature';
import { describeKeyType, type KeyType } from '@signpost/protocol/keys/key-type';
import { createCertificateSigner, createPrivateKey, derivePublicKey } from '@signpost/protocol/keys/private-key';
import {
  readSignatureAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithm,
} from '@signpost/protocol/keys/signature-algorithm';
import { deriveKeyIdentifier, encodeRsaKey, parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import fc from 'fast-check';
import { askOracle, findMissingOracle } from '../oracle.ts';

const message = new TextEncoder().encode('a message');
const noOpenssl = findMissingOracle('openssl', ['version']);

const keyTypes: readonly KeyType[] = [
  { kind: 'ecdsa', curve: 'P-256' },
  { kind: 'ecdsa', curve: 'P-384' },
  { kind: 'ecdsa', curve: 'P-521' },
  { kind: 'rsa', modulusBits: 2048 },
  { kind: 'rsa', modulusBits: 3072 },
  { kind: 'ed25519' },
];

const algorithms: readonly (SignatureAlgorithm | undefined)[] = [
  undefined,
  { kind: 'ecdsa', hash: 'SHA-512' },
  { kind: 'rsa-pkcs1', hash: 'SHA-512' },
  { kind: 'rsa-pss', hash: 'SHA-256' },
  { kind: 'rsa-pss', hash: 'SHA-384' },
  { kind: 'rsa-pss', hash: 'SHA-512' },
];

for (const type of keyTypes) {
  test(`a key of ${describeKeyType(type)} signs with each of its algorithms, and Node agrees`, async () => {
    const pkcs8 = await createPrivateKey(type);
    for (const algorithm of algorithms.filter((one) => !one || one.kind.startsWith(type.kind))) {
      const signer = await createCertificateSigner(pkcs8, algorithm);
      const signature = await signer.sign(message);
      const key = createPublicKey({ key: Buffer.from(signer.subjectKey.spki), format: 'der', type: 'spki' });
      const hash = signer.algorithm.kind === 'ed25519' ? null : signer.algorithm.hash.replace('-', '');
      const options = signer.algorithm.kind === 'rsa-pss' ? { padding: 6, saltLength: -1 } : {};
      assert.ok(verify(hash, message, { key, ...options }, signature));
      const ours = await importPublicKey(signer.subjectKey.spki);
      await ours.verify({ algorithm: signer.algorithm, message, signature });
      const other = signature.map((octet, index) => (index === signature.length - 1 ? octet ^ 1 : octet));
      const wrong = { algorithm: signer.algorithm, message, signature: other };
      await assert.rejects(ours.verify(wrong), { code: 'bad_signature' });
      await assert.rejects(ours.verify({ ...wrong, signature, message: other }), { code: 'bad_signature' });
    }
    assert.deepEqual((await createCertificateSigner(pkcs8)).subjectKey, await derivePublicKey(pkcs8));
  });
}

test('openssl reads our keys, and says what they are', { skip: noOpenssl }, async () => {
  for (const [type, words] of [
    [{ kind: 'ecdsa', curve: 'P-384' }, /secp384r1/],
    [{ kind: 'rsa', modulusBits: 2048 }, /2048 bit/],
    [{ kind: 'ed25519' }, /ED25519/],
  ] as const) {
    const pkcs8 = await createPrivateKey(type);
    const shown = askOracle('openssl', ['pkey', '-inform', 'DER', '-text', '-noout'], pkcs8);
    assert.match(shown.stdout.toString(), words);
    const exported = askOracle('openssl', ['pkey', '-inform', 'DER', '-pubout', '-outform', 'DER'], pkcs8);
    assert.deepEqual(new Uint8Array(exported.stdout), (await derivePublicKey(pkcs8)).spki);
  }
});

test('keys that Node made are read, with signatures from 1024 to 4096 bits', async () => {
  for (const modulusLength of [1024, 2048, 4096]) {
    const pair = generateKeyPairSync('rsa', { modulusLength });
    const key = await importPublicKey(new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' })));
    assert.equal(describeKeyType(key.subjectKey as KeyType), `RSA ${modulusLength}`);
    const signature = new Uint8Array(sign('sha384', message, pair.privateKey));
    await key.verify({ algorithm: { kind: 'rsa-pkcs1', hash: 'SHA-384' }, message, signature });
  }
  const pair = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
  const pkcs8 = new Uint8Array(pair.privateKey.export({ format: 'der', type: 'pkcs8' }));
  assert.deepEqual((await derivePublicKey(pkcs8)).spki, spkiOf(pair.publicKey));
});

test('a signature by an algorithm for other keys is refused', async () => {
  const signer = await createCertificateSigner(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
  const key = await importPublicKey(signer.subjectKey.spki);
  const signature = await signer.sign(message);
  for (const algorithm of [
    { kind: 'rsa-pkcs1', hash: 'SHA-256' },
    { kind: 'ed25519' },
    { kind: 'ecdsa', hash: 'SHA-384' },
  ] as const) {
    await assert.rejects(key.verify({ algorithm, message, signature }), { code: 'bad_signature' });
  }
});

test('an ECDSA signature that is zero, negative, padded or too long is refused', async () => {
  const one = Uint8Array.of(1);
  for (const value of [
    sequence(integer(0), integer(1)),
    sequence(integer(1), integer(0)),
    sequence(integer(-1), integer(1)),
    sequence(unsigned(new Uint8Array(33).fill(1)), unsigned(one)),
    sequence(unsigned(one)),
    sequence(unsigned(one), unsigned(one), unsigned(one)),
    sequence(encoded(Uint8Array.of(2, 2, 0, 1)), unsigned(one)),
  ]) {
    assert.throws(() => parseEcdsaSignature(encodeDer(value), 32), { code: 'malformed' });
  }
  const raws = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(raws, (given) => {
      const raw = new Uint8Array(given);
      if (raw.subarray(0, 32).every((octet) => octet === 0) || raw.subarray(32).every((octet) => octet === 0)) return;
      assert.deepEqual(parseEcdsaSignature(encodeEcdsaSignature(raw), 32), raw);
    }),
  );
});

test('signature algorithms come back from their identifiers; others and odd parameters are refused', () => {
  const all = algorithms.flatMap((algorithm) => (algorithm ? [algorithm] : []));
  for (const algorithm of [...all, { kind: 'ed25519' } as const, { kind: 'ecdsa', hash: 'SHA-256' } as const]) {
    assert.deepEqual(readSignatureAlgorithm(new DerReader(encodeDer(signatureAlgorithm(algorithm)))), algorithm);
  }
  const sha256 = algorithmIdentifier('2.16.840.1.101.3.4.2.1');
  const sha512 = algorithmIdentifier('2.16.840.1.101.3.4.2.3');
  const pss = '1.2.840.113549.1.1.10';
  const mgf1 = '1.2.840.113549.1.1.8';
  const mask = (hash: typeof sha256) => explicit(1, algorithmIdentifier(mgf1, hash));
  for (const [name, value, code] of [
    ['SHA-1 with RSA', algorithmIdentifier('1.2.840.113549.1.1.5', 'null'), 'algorithm_unsupported'],
    ['ECDSA with SHA-1', algorithmIdentifier('1.2.840.10045.4.1'), 'algorithm_unsupported'],
    ['ECDSA with null', algorithmIdentifier('1.2.840.10045.4.3.2', 'null'), 'malformed'],
    ['Ed25519 with null', algorithmIdentifier('1.3.101.112', 'null'), 'malformed'],
    [
      'RSA with an octet string',
      algorithmIdentifier('1.2.840.113549.1.1.11', octetString(new Uint8Array())),
      'malformed',
    ],
    ['PSS without parameters', algorithmIdentifier(pss), 'malformed'],
    ['PSS by default, that is SHA-1', algorithmIdentifier(pss, sequence()), 'algorithm_unsupported'],
    [
      'PSS with two hashes',
      algorithmIdentifier(pss, sequence(explicit(0, sha256), mask(sha512), explicit(2, integer(32)))),
      'algorithm_unsupported',
    ],
    [
      'PSS with a short salt',
      algorithmIdentifier(pss, sequence(explicit(0, sha256), mask(sha256), explicit(2, integer(20)))),
      'algorithm_unsupported',
    ],
  ] as const) {
    assert.throws(() => readSignatureAlgorithm(new DerReader(encodeDer(value))), { code }, name);
  }
});

test('public keys that are weak, unusual or broken are refused', async () => {
  const modulus = new Uint8Array(256).fill(0xff);
  const exponent = Uint8Array.of(1, 0, 1);
  const even = new Uint8Array(256).fill(0xfe);
  const curve = (name: string) => algorithmIdentifier('1.2.840.10045.2.1', oid(name));
  const p256 = '1.2.840.10045.3.1.7';
  const point = Uint8Array.of(4, ...new Uint8Array(64).fill(1));
  for (const [name, spki, code] of [
    ['RSA 512', encodeRsaKey(modulus.subarray(0, 64), exponent), 'algorithm_unsupported'],
    ['RSA 8200', encodeRsaKey(new Uint8Array(1025).fill(0xff), exponent), 'algorithm_unsupported'],
    ['an even modulus', encodeRsaKey(even, exponent), 'malformed'],
    ['an exponent of 1', encodeRsaKey(modulus, Uint8Array.of(1)), 'malformed'],
    ['an even exponent', encodeRsaKey(modulus, Uint8Array.of(1, 0, 0)), 'malformed'],
    ['an exponent of 72 bits', encodeRsaKey(modulus, new Uint8Array(9).fill(1)), 'malformed'],
    ['secp256k1', encodeDer(sequence(curve('1.3.132.0.10'), bitOctets(point))), 'algorithm_unsupported'],
    [
      'a compressed point',
      encodeDer(sequence(curve(p256), bitOctets(new Uint8Array(33).fill(2)))),
      'algorithm_unsupported',
    ],
    ['a short point', encodeDer(sequence(curve(p256), bitOctets(point.subarray(0, 64)))), 'malformed'],
    ['no point', encodeDer(sequence(curve(p256), bitOctets(new Uint8Array(0)))), 'malformed'],
    [
      'an explicit curve',
      encodeDer(sequence(algorithmIdentifier('1.2.840.10045.2.1', sequence()), bitOctets(point))),
      'algorithm_unsupported',
    ],
    [
      'an Ed25519 key of 31 bytes',
      encodeDer(sequence(algorithmIdentifier('1.3.101.112'), bitOctets(new Uint8Array(31)))),
      'malformed',
    ],
    [
      'an Ed25519 key with null',
      encodeDer(sequence(algorithmIdentifier('1.3.101.112', 'null'), bitOctets(new Uint8Array(32)))),
      'malformed',
    ],
    [
      'DSA',
      encodeDer(sequence(algorithmIdentifier('1.2.840.10040.4.1', nothing()), bitOctets(new Uint8Array(9)))),
      'algorithm_unsupported',
    ],
  ] as const) {
    assert.throws(() => parseSubjectKey(spki), { code }, name);
  }
  const offCurve = encodeDer(sequence(curve(p256), bitOctets(point)));
  await assert.rejects(importPublicKey(offCurve), { code: 'malformed' });
});

test('private keys that disagree with themselves or are of other kinds are refused', async () => {
  const ed25519 = (content: Uint8Array, version = 0) =>
    encodeDer(sequence(integer(version), algorithmIdentifier('1.3.101.112'), octetString(content)));
  const seed = encodeDer(octetString(new Uint8Array(32).fill(1)));
  await derivePublicKey(ed25519(seed));
  const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey.export({
    format: 'der',
    type: 'sec1',
  });
  const relabelled = sequence(
    integer(0),
    algorithmIdentifier('1.2.840.10045.2.1', oid('1.2.840.10045.3.1.7')),
    octetString(p384),
  );
  const x25519 = generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  for (const [name, pkcs8, code] of [
    ['a short seed', ed25519(encodeDer(octetString(new Uint8Array(31)))), 'malformed'],
    ['a seed that is not wrapped twice', ed25519(new Uint8Array(32)), 'malformed'],
    ['version 3', ed25519(seed, 2), 'malformed'],
    ['one curve outside, another inside', encodeDer(relabelled), 'malformed'],
    ['a key for agreement', new Uint8Array(x25519), 'algorithm_unsupported'],
  ] as const) {
    await assert.rejects(derivePublicKey(pkcs8), { code }, name);
  }
  await assert.rejects(createPrivateKey({ kind: 'rsa', modulusBits: 1024 }), TypeError);
  const signer = createCertificateSigner(ed25519(seed), { kind: 'ecdsa', hash: 'SHA-256' });
  await assert.rejects(signer, TypeError);
});

test('no bytes for a key lead to another error than a refusal', async () => {
  const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
  const { spki } = await derivePublicKey(pkcs8);
  const rsa = spkiOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(pkcs8, spki, rsa), changes, async (given, list) => {
      const bytes = new Uint8Array(given);
      for (const [at, octet] of list) bytes[at % bytes.length] = octet;
      for (const read of [importPublicKey, derivePublicKey]) {
        await read(bytes).catch((error: unknown) => assert.ok(error instanceof TrustError, String(error)));
      }
    }),
    { numRuns: 300 },
  );
});

test('a key identifier is the start of the SHA-256 of the key bits', { skip: noOpenssl }, async () => {
  const subjectKey = await derivePublicKey(await createPrivateKey({ kind: 'ed25519' }));
  const raw = openKeyRaw(subjectKey.spki);
  const digest = askOracle('openssl', ['dgst', '-sha256', '-binary'], raw).stdout;
  assert.deepEqual(await deriveKeyIdentifier(subjectKey), new Uint8Array(digest.subarray(0, 20)));
});

function openKeyRaw(spki: Uint8Array): Uint8Array {
  const jwk = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({ format: 'jwk' });
  return Buffer.from(jwk.x ?? '', 'base64url');
}

function spkiOf(key: ReturnType<typeof createPublicKey>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}
