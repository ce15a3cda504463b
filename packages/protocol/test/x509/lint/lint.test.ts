/** The lint finds nothing in what is good, and each of its rules finds what it is there for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { lintCertificate, lintRules } from '@signpost/protocol/x509/lint/lint-certificate';
import type { CertificateKind } from '@signpost/protocol/x509/lint/rule';
import { purposes } from '@signpost/protocol/x509/oids';
import fc from 'fast-check';
import { createAuthority, createServer, directory, dns } from '../authority.ts';
import { broken } from './broken.ts';
import { intermediate, locations, mailbox, pkcs8, root, server, user } from './certificates.ts';

test('nothing is found in good certificates of each kind', async () => {
  const good: Readonly<Record<CertificateKind, Certificate>> = {
    root: root.certificate,
    intermediate: intermediate.certificate,
    server: await server({
      subjectAlternativeName: {
        names: [
          dns('host.example.com'),
          dns('*.example.com'),
          dns('xn--mnchen-3ya.example'),
          { kind: 'ip', address: Uint8Array.of(192, 0, 2, 1) },
          { kind: 'uri', text: 'https://[2001:db8::1]:8443/x' },
          { kind: 'uri', text: 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6' },
          { kind: 'registered-id', oid: '1.3.6.1.4.1.99999.1' },
          directory([['CN', 'another']]),
        ],
      },
      certificatePolicies: [{ policy: '2.23.140.1.2.1' }],
      tlsFeature: [5],
    }),
    client: await user(purposes.clientAuth, [mailbox]),
    email: await user(purposes.emailProtection, [mailbox]),
    'code-signing': await user(purposes.codeSigning, []),
    timestamping: await user(purposes.timeStamping, []),
    'ocsp-responder': await user(purposes.ocspSigning, [], { ocspNoCheck: true }),
  };
  for (const [kind, certificate] of Object.entries(good) as [CertificateKind, Certificate][]) {
    const issuer = { root, intermediate: root }[kind as 'root'] ?? intermediate;
    assert.deepEqual(lintCertificate(certificate, { issuer: issuer.certificate, kind }), [], kind);
    assert.deepEqual(lintCertificate(certificate), [], kind);
  }
});

test('nothing is found whatever the key', async () => {
  const keyTypes = [
    { kind: 'ecdsa', curve: 'P-384' },
    { kind: 'ecdsa', curve: 'P-521' },
    { kind: 'rsa', modulusBits: 2048 },
    { kind: 'ed25519' },
  ] as const;
  for (const keyType of keyTypes) {
    const issuer = await createAuthority({ keyType });
    const { certificate } = await createServer({ issuer, keyType, extensions: locations });
    assert.deepEqual(lintCertificate(certificate, { issuer: issuer.certificate, kind: 'server' }), []);
  }
});

test('older authorities, such as those that are imported, may issue all the same', async () => {
  const name = { name: [['CN', ' Old CA '] as const] };
  const older = await createAuthority({ pkcs8, ...name, extensions: { keyUsage: undefined } });
  const certificate = await server({}, { issuer: older });
  assert.deepEqual(lintCertificate(certificate, { issuer: older.certificate, kind: 'server' }), []);
});

test('there is a bad certificate for each rule', () => {
  assert.deepEqual(Object.keys(broken).toSorted(), lintRules.map(({ id }) => id).toSorted());
});

for (const [rule, make] of Object.entries(broken)) {
  test(`the lint finds what breaks ${rule}`, async () => {
    const given = await make();
    const { certificate, ...options } = 'certificate' in given ? given : { certificate: given };
    const findings = lintCertificate(certificate, options);
    const found = findings.find((one) => one.rule === rule);
    assert.ok(found, `expected ${rule}, got ${findings.map(({ rule: other }) => other)}`);
    assert.match(found.message, /^expected [\x20-\x7e]+$/);
    assert.ok(found.clause);
  });
}

test('ordinary RSA keys are not among the weak ones', async () => {
  for (const keyType of [{ kind: 'rsa', modulusBits: 2048 } as const, { kind: 'rsa', modulusBits: 3072 } as const]) {
    const { certificate } = await createServer({ issuer: intermediate, keyType, extensions: locations });
    assert.deepEqual(lintCertificate(certificate), []);
  }
});

test('the lint of whatever parses does not throw', async () => {
  const { bytes } = await server();
  const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(changes, (list) => {
      const changed = bytes.slice();
      for (const [at, octet] of list) changed[at] = octet;
      let certificate: Certificate;
      try {
        certificate = parseCertificate(changed);
      } catch {
        return;
      }
      lintCertificate(certificate, { issuer: intermediate.certificate, kind: 'server' });
      lintCertificate(intermediate.certificate, { issuer: certificate });
    }),
    { numRuns: 2000 },
  );
});
