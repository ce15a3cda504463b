/** Certificates that we write are read back and accepted by openssl, GnuTLS and pyca; broken ones are refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { DerReader } from '@signpost/protocol/asn1/reader';
import { encodeDer, encoded, octetString, sequence, sequenceOf } from '@signpost/protocol/asn1/writer';
import { TrustError } from '@signpost/protocol/errors';
import { describeKeyType, type KeyType } from '@signpost/protocol/keys/key-type';
import { parseAddress } from '@signpost/protocol/x509/address';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { accessMethods, purposes } from '@signpost/protocol/x509/oids';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import fc from 'fast-check';
import { askOracle, findMissingOracle, python } from '../oracle.ts';
import { createAuthority, createServer, directory, dns, now, type Party } from './authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-x509-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const root = await createAuthority({
  name: [
    ['C', 'AT'],
    ['O', 'Example Ges.m.b.H. & Söhne'],
    ['CN', 'Root'],
  ],
  extensions: { nameConstraints: { permitted: [dns('example.com')], excluded: [dns('host.secret.example.com')] } },
});
const intermediate = await createAuthority({
  issuer: root,
  extensions: {
    basicConstraints: { isAuthority: true, pathLength: 0 },
    certificatePolicies: [{ policy: '2.5.29.32.0' }],
  },
});

const keyTypes: readonly KeyType[] = [
  { kind: 'ecdsa', curve: 'P-256' },
  { kind: 'ecdsa', curve: 'P-384' },
  { kind: 'ecdsa', curve: 'P-521' },
  { kind: 'rsa', modulusBits: 2048 },
  { kind: 'rsa', modulusBits: 3072 },
  { kind: 'ed25519' },
];

function createRich(keyType: KeyType): Promise<Party> {
  return createServer({
    issuer: intermediate,
    keyType,
    name: [
      ['C', 'AT'],
      ['DC', 'example'],
      ['O', 'A very long name, '.repeat(20)],
      ['CN', 'host.example.com'],
    ],
    extensions: {
      subjectAlternativeName: {
        names: [
          dns('host.example.com'),
          dns('*.example.com'),
          { kind: 'ip', address: parseAddress('192.0.2.1') ?? new Uint8Array() },
          { kind: 'ip', address: parseAddress('2001:db8::1') ?? new Uint8Array() },
          { kind: 'email', text: 'admin@example.com' },
          { kind: 'uri', text: 'https://host.example.com/' },
          directory([['CN', 'another name']]),
          { kind: 'registered-id', oid: '1.3.6.1.4.1.99999.1' },
        ],
      },
      certificatePolicies: [{ policy: '1.3.6.1.4.1.99999.2', practiceStatement: 'https://example.com/cps' }],
      crlDistributionPoints: ['http://example.com/one.crl', 'http://example.net/one.crl'],
      authorityInformationAccess: [
        { method: accessMethods.ocsp, location: { kind: 'uri', text: 'http://example.com/ocsp' } },
        { method: accessMethods.caIssuers, location: { kind: 'uri', text: 'http://example.com/ca.crt' } },
      ],
      tlsFeature: [5],
    },
  });
}

for (const keyType of keyTypes) {
  test(`a server's certificate for ${describeKeyType(keyType)} verifies here, by openssl -x509_strict and by certtool`, async (context) => {
    const { certificate } = await createRich(keyType);
    const pool = { anchors: [root.certificate], intermediates: [intermediate.certificate] };
    const path = await verifyCertificate(certificate, pool, { at: now, purpose: purposes.serverAuth });
    assert.deepEqual(path.certificates, [certificate, intermediate.certificate, root.certificate]);
    assertOpenssl(certificate);
    await context.test('certtool', { skip: findMissingOracle('certtool', ['--version']) }, () => {
      const chain = join(folder, 'chain.pem');
      writeFileSync(chain, [certificate, intermediate.certificate, root.certificate].map(toPem).join(''));
      const { status, stdout, stderr } = askOracle('certtool', ['--verify-chain', '--infile', chain]);
      assert.equal(status, 0, `${stdout}${stderr}`);
    });
  });
}

function assertOpenssl(certificate: Certificate, issuer: Party = intermediate, more: readonly string[] = []): void {
  const files = { root: root.certificate, intermediate: issuer.certificate, leaf: certificate };
  for (const [name, one] of Object.entries(files)) writeFileSync(join(folder, `${name}.pem`), toPem(one));
  const at = (name: string) => join(folder, `${name}.pem`);
  const args = ['verify', '-x509_strict', '-policy_check', '-attime', String(now / 1000)];
  const trust = ['-CAfile', at('root'), '-untrusted', at('intermediate'), at('leaf')];
  const { status, stderr } = askOracle('openssl', [...args, ...more, ...trust]);
  assert.equal(status, 0, stderr);
}

test('python3-cryptography reads every extension as we do', {
  skip: findMissingOracle(python, ['-c', 'import cryptography']),
}, async () => {
  const { certificate } = await createRich({ kind: 'ecdsa', curve: 'P-256' });
  const script = `
import sys, json
from cryptography import x509
c = x509.load_der_x509_certificate(sys.stdin.buffer.read())
san = c.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
print(json.dumps({
  'serial': '%x' % c.serial_number,
  'names': san.get_values_for_type(x509.DNSName),
  'addresses': [str(a) for a in san.get_values_for_type(x509.IPAddress)],
  'extensions': [[e.oid.dotted_string, e.critical] for e in c.extensions],
  'from': c.not_valid_before.isoformat() + '.000Z',
  'to': c.not_valid_after.isoformat() + '.000Z',
}))`;
  const { stdout, stderr } = askOracle(python, ['-c', script], certificate.bytes);
  assert.deepEqual(JSON.parse(stdout.toString() || stderr), {
    serial: Buffer.from(certificate.serialNumber).toString('hex'),
    names: ['host.example.com', '*.example.com'],
    addresses: ['192.0.2.1', '2001:db8::1'],
    extensions: certificate.allExtensions.map(({ oid, critical }) => [oid, critical]),
    from: new Date(certificate.notBefore).toISOString(),
    to: new Date(certificate.notAfter).toISOString(),
  });
});

test('an authority that constrains policies verifies here and by openssl', async () => {
  const constrained = await createAuthority({
    issuer: root,
    extensions: {
      certificatePolicies: [{ policy: '1.3.6.1.4.1.99999.2' }],
      policyMappings: [{ issuerPolicy: '1.3.6.1.4.1.99999.2', subjectPolicy: '1.3.6.1.4.1.99999.3' }],
      policyConstraints: { requireExplicitPolicy: 0, inhibitPolicyMapping: 1 },
      inhibitAnyPolicy: 0,
    },
  });
  const certificatePolicies = [{ policy: '1.3.6.1.4.1.99999.3' }];
  const { certificate } = await createServer({ issuer: constrained, extensions: { certificatePolicies } });
  const pool = { anchors: [root.certificate], intermediates: [constrained.certificate] };
  const { policies } = await verifyCertificate(certificate, pool, { at: now });
  assert.deepEqual(policies, new Set(['1.3.6.1.4.1.99999.2']));
  assertOpenssl(certificate, constrained, ['-policy', '1.3.6.1.4.1.99999.2']);
  const other = await createServer({ issuer: constrained });
  await assert.rejects(verifyCertificate(other.certificate, pool, { at: now }), { code: 'certificate_invalid' });
});

test('dates at the edges of their types are written as openssl wants them', async () => {
  for (const [notBefore, notAfter] of [
    [Date.UTC(1950, 0, 1), Date.UTC(2049, 11, 31, 23, 59, 59)],
    [Date.UTC(2020, 1, 29), Date.UTC(2050, 0, 1)],
    [now - 1, Date.UTC(9999, 11, 31, 23, 59, 59)],
  ] as const) {
    const { certificate } = await createServer({ issuer: intermediate, notBefore, notAfter });
    assert.equal(certificate.notBefore, Math.floor(notBefore / 1000) * 1000);
    assert.equal(certificate.notAfter, notAfter);
    assertOpenssl(certificate);
  }
});

test('names are shown in the order of the certificate, with everything escaped that could deceive', async () => {
  const name = [
    ['O', 'A, B + C'],
    ['CN', ' x\u202egpj.exe\n'],
  ] as const;
  const { certificate } = await createServer({ issuer: intermediate, name });
  assert.equal(formatName(certificate.subject), 'O=A\\, B \\+ C, CN=\\ x\\e2\\80\\aegpj.exe\\0a');
});

test('what is written is read back, whatever the extensions', async () => {
  const texts = fc.stringMatching(/^[a-z]{1,10}(\.[a-z]{1,10}){1,3}$/);
  const counts = fc.option(fc.nat(100), { nil: undefined });
  const given = fc.record({
    hosts: fc.array(texts, { minLength: 1, maxLength: 20 }),
    explicit: fc.nat(50),
    mapping: counts,
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ hosts, explicit, mapping }) => {
      const constraints = { requireExplicitPolicy: explicit, inhibitPolicyMapping: mapping };
      const { certificate } = await createServer({
        extensions: {
          subjectAlternativeName: { names: hosts.map(dns), critical: true },
          nameConstraints: { permitted: hosts.map(dns), excluded: [] },
          policyConstraints: constraints,
        },
      });
      const { extensions } = certificate;
      assert.deepEqual(extensions.subjectAlternativeName, { critical: true, value: hosts.map(dns) });
      assert.deepEqual(extensions.nameConstraints?.value, { permitted: hosts.map(dns), excluded: [] });
      assert.deepEqual(extensions.policyConstraints?.value, constraints);
    }),
    { numRuns: 30 },
  );
});

const host = await createServer({ issuer: intermediate });

/** The members of the signed part, to be put together otherwise. */
function takeApart(certificate: Certificate): Uint8Array<ArrayBuffer>[] {
  return new DerReader(certificate.signedBytes).readSequence().readAll((reader) => reader.readElement().bytes);
}

function putTogether(
  members: readonly Uint8Array[],
  { signatureAlgorithm, signature }: Certificate,
): Uint8Array<ArrayBuffer> {
  const algorithm = encodeDer(sequence({ ...octetString(oidOf(signatureAlgorithm.oid)), tag: 6 }));
  const bits = { ...octetString(Uint8Array.of(0, ...signature)), tag: 3 };
  return encodeDer(sequence(sequenceOf(members.map(encoded)), encoded(algorithm), bits));
}

function oidOf(dotted: string): Uint8Array {
  assert.equal(dotted, '1.2.840.10045.4.3.2');
  return Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2);
}

test('a certificate with its parts broken is refused as malformed', () => {
  const { certificate } = host;
  const parts = takeApart(certificate);
  assert.deepEqual(putTogether(parts, certificate), certificate.bytes);
  const replace = (index: number, ...bytes: Uint8Array[]) => [
    ...parts.slice(0, index),
    ...bytes,
    ...parts.slice(index + 1),
  ];
  const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
  const extensions = parts.at(-1) ?? new Uint8Array();
  for (const [name, members] of [
    ['version 1, written', replace(0, hex('a003020100'))],
    ['version 1 with extensions', parts.slice(1)],
    ['version 2 with extensions', replace(0, hex('a003020101'))],
    ['version 4', replace(0, hex('a003020103'))],
    ['a padded serial number', replace(1, hex('02020001'))],
    ['another algorithm inside', replace(2, hex('300a06082a8648ce3d040303'))],
    [
      'a third date',
      replace(4, hex('302d170d3236303130313030303030305a170d3236303130313030303030305a170d3236303130313030303030305a')),
    ],
    ['extensions twice', [...parts, extensions]],
    ['no extension at all', replace(7, hex('a3023000'))],
    [
      'one extension twice',
      replace(7, hex('a320301e300d0603551d0e04060404010203043 00d0603551d0e0406040401020304'.replaceAll(' ', ''))),
    ],
    ['critical FALSE, written', replace(7, hex('a3143012301006 03551d0e0101000406040401020304'.replaceAll(' ', '')))],
    ['alternative names that are none', replace(7, hex('a30e300c300a0603551d110403616263'))],
    ['no alternative name', replace(7, hex('a30d300b30090603551d1104023000'))],
    ['a host name with NUL', replace(7, hex('a312301 0300e0603551d1104073005820361 0062'.replaceAll(' ', '')))],
    ['no key usage', replace(7, hex('a30e300c300a0603551d0f0403030100'))],
    ['bytes behind a key usage', replace(7, hex('a3103 00e300c0603551d0f04050303 07800500'.replaceAll(' ', '')))],
    ['a negative path length', replace(7, hex('a3133011300f0603551d130408 30060101ff0201ff'.replaceAll(' ', '')))],
  ] as const) {
    assert.throws(() => parseCertificate(putTogether(members, certificate)), { code: 'malformed' }, name);
  }
  assert.throws(() => parseCertificate(Uint8Array.of(...certificate.bytes, 0)), { code: 'malformed' });
  assert.throws(() => parseCertificate(new Uint8Array(256 * 1024 + 1)), { code: 'too_large' });
});

test('no bytes for a certificate lead to another error than a refusal', async () => {
  const { certificate } = await createRich({ kind: 'ecdsa', curve: 'P-256' });
  const pool = { anchors: [root.certificate], intermediates: [intermediate.certificate] };
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(3), async (list, cut) => {
      const bytes = certificate.bytes.slice(0, certificate.bytes.length - (cut === 3 ? 1 : 0));
      for (const [at, octet] of list) bytes[at % bytes.length] = octet;
      if (Buffer.from(bytes).equals(certificate.bytes)) return;
      try {
        // Whatever still parses is not signed any more.
        await verifyCertificate(parseCertificate(bytes), pool, { at: now });
        assert.fail('accepted');
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

function toPem({ bytes }: Certificate): string {
  return encodePem('CERTIFICATE', bytes);
}
