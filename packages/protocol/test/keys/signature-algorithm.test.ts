/** Which hashes a key may sign with, and signatures by each of them, verified. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import {
  defaultSignatureAlgorithm,
  interpretSignatureAlgorithm,
  listHashes,
  replaceHash,
} from '@signpost/protocol/keys/signature-algorithm';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { createName } from '@signpost/protocol/x509/name';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';

const types: readonly KeyType[] = [
  { kind: 'ecdsa', curve: 'P-256' },
  { kind: 'ecdsa', curve: 'P-384' },
  { kind: 'ecdsa', curve: 'P-521' },
  { kind: 'rsa', modulusBits: 2048 },
];

test('no hash is weaker than its curve, the usual one is among them, and Ed25519 has none to choose', () => {
  const counts = types.map((type) => listHashes(type).length);
  assert.deepEqual(counts, [3, 2, 1, 3]);
  for (const type of types) {
    const usual = defaultSignatureAlgorithm(type);
    assert.ok('hash' in usual && listHashes(type).includes(usual.hash));
  }
  assert.deepEqual(listHashes({ kind: 'ed25519' }), []);
  assert.throws(() => replaceHash({ kind: 'ed25519' }, 'SHA-512'), TypeError);
});

test('what is signed with each of them names it, and verifies', async () => {
  for (const type of types) {
    const pkcs8 = await createPrivateKey(type);
    for (const hash of listHashes(type)) {
      const algorithm = replaceHash(defaultSignatureAlgorithm(type), hash);
      const signer = await createCertificateSigner(pkcs8, algorithm);
      const name = createName([['CN', 'Somebody']]);
      const bytes = await signCertificate(
        {
          ...{ serialNumber: createSerialNumber(), issuer: name, subject: name, spki: signer.subjectKey.spki },
          ...{ notBefore: 0, notAfter: 1000 },
          extensions: encodeExtensions({ basicConstraints: { isAuthority: true, pathLength: 0 } }),
        },
        signer,
      );
      const certificate = parseCertificate(bytes);
      assert.deepEqual(interpretSignatureAlgorithm(certificate.signatureAlgorithm), algorithm);
      await verifySigned(certificate, await importPublicKey(signer.subjectKey.spki));
    }
  }
});
