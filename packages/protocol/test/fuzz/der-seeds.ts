/** Good things of every kind, to be damaged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { createImprint, createNonce, encodeTimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import { encodeGranted, encodeRefused } from '@signpost/protocol/cms/timestamp-response';
import { createName } from '@signpost/protocol/x509/name';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { encodeOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { accessMethods } from '@signpost/protocol/x509/oids';
import { signRequest } from '@signpost/protocol/x509/request';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import { encodeEntry, signRevocationList } from '@signpost/protocol/x509/write-revocation-list';
import { message, policy, sign } from '../cms/scene.ts';
import { askOracle } from '../oracle.ts';
import { createAuthority, createServer, directory, dns, now, type Party } from '../x509/authority.ts';
import { describeStatus, respond } from '../x509/ocsp/responses.ts';
import type { FuzzSeed } from './der-readers.ts';

/** All of them. */
export async function createFuzzSeeds(): Promise<readonly FuzzSeed[]> {
  const root = await createAuthority();
  const host = await createRich(root);
  const { spki } = host.certificate;
  const rsa = await createServer({ issuer: root, keyType: { kind: 'rsa', modulusBits: 2048 } });
  const edwards = await createServer({ issuer: root, keyType: { kind: 'ed25519' } });
  const users = [root, host, rsa, edwards, await createConstrained(root)];
  return [
    ...users.map(({ certificate: { bytes } }) => ({ kind: 'certificate', bytes }) as const),
    ...[spki, rsa.certificate.spki, edwards.certificate.spki].map((bytes) => ({ kind: 'public-key', bytes }) as const),
    ...[host.pkcs8, rsa.pkcs8, edwards.pkcs8].map((bytes) => ({ kind: 'private-key', bytes }) as const),
    { kind: 'request', bytes: await createRequest(host) },
    { kind: 'list', bytes: await createList(root) },
    ...(await createAnswers(root, host)),
    ...(await createTimestamps()),
    { kind: 'pkcs12', bytes: createPkcs12(host) },
  ];
}

function createRich(issuer: Party): Promise<Party> {
  const uri = { kind: 'uri', text: 'http://example.com/ocsp' } as const;
  return createServer({
    issuer,
    name: [
      ['C', 'AT'],
      ['DC', 'example'],
      ['O', 'Söhne'],
      ['CN', 'host.example.com'],
    ],
    extensions: {
      subjectAlternativeName: {
        names: [
          dns('host.example.com'),
          dns('xn--mnchen-3ya.example'),
          { kind: 'ip', address: Uint8Array.of(192, 0, 2, 1) },
          { kind: 'email', text: 'admin@example.com' },
          { kind: 'uri', text: 'https://user@host.example.com:1/' },
          directory([['CN', 'another']]),
          { kind: 'registered-id', oid: '2.999.4294967296.1' },
        ],
      },
      certificatePolicies: [{ policy: '1.3.6.1.4.1.99999.2', practiceStatement: 'https://example.com/cps' }],
      crlDistributionPoints: ['http://example.com/one.crl'],
      authorityInformationAccess: [{ method: accessMethods.ocsp, location: uri }],
      tlsFeature: [5],
    },
  });
}

function createConstrained(issuer: Party): Promise<Party> {
  return createAuthority({
    issuer,
    notAfter: Date.UTC(2051, 0, 1),
    extensions: {
      nameConstraints: { permitted: [dns('example.com')], excluded: [{ kind: 'ip', address: new Uint8Array(8) }] },
      certificatePolicies: [{ policy: '1.2.3' }],
      policyMappings: [{ issuerPolicy: '1.2.3', subjectPolicy: '1.2.4' }],
      policyConstraints: { requireExplicitPolicy: 0, inhibitPolicyMapping: 1 },
      inhibitAnyPolicy: 0,
    },
  });
}

function createRequest({ signer }: Party): Promise<Uint8Array<ArrayBuffer>> {
  const extensions = encodeExtensions({ subjectAlternativeName: { names: [dns('host.example.com')] } });
  return signRequest({ subject: createName([['CN', 'host.example.com']]), extensions }, signer);
}

function createList({ certificate, signer }: Party): Promise<Uint8Array<ArrayBuffer>> {
  const entry = { serialNumber: Uint8Array.of(1, 2, 3), revokedAt: now };
  const list = {
    issuer: certificate.subject,
    authorityKeyIdentifier: new Uint8Array(20),
    thisUpdate: now,
    nextUpdate: Date.UTC(2050, 0, 1),
    number: 7n,
    deltaBase: 6n,
    scope: { uris: ['http://example.com/one.crl'], only: 'users', onlyReasons: ['keyCompromise'] },
    freshestCrl: ['http://example.com/delta.crl'],
    entries: [encodeEntry(entry), encodeEntry({ ...entry, reason: 'keyCompromise', invalidSince: now })],
  } as const;
  return signRevocationList(list, signer);
}

async function createAnswers(root: Party, host: Party): Promise<readonly FuzzSeed[]> {
  const id = await createCertificateId(host.certificate, root.certificate);
  const status = { kind: 'revoked', revokedAt: now, reason: 'superseded' } as const;
  return [
    { kind: 'ocsp-request', bytes: encodeOcspRequest([id], { nonce: new Uint8Array(16) }) },
    { kind: 'ocsp-response', bytes: await respond(root, [await describeStatus(host, root, { status })]) },
  ];
}

async function createTimestamps(): Promise<readonly FuzzSeed[]> {
  const request = {
    imprint: await createImprint(message, 'SHA-256'),
    policy,
    nonce: createNonce(),
    certificatesWanted: true,
  };
  const token = await sign();
  return [
    { kind: 'timestamp-request', bytes: encodeTimestampRequest(request) },
    { kind: 'signed-data', bytes: token },
    { kind: 'timestamp-response', bytes: encodeGranted(token) },
    { kind: 'timestamp-response', bytes: encodeRefused('badAlg', 'no') },
  ];
}

/** Of one round, by openssl: what a password costs is a limit of its own. */
function createPkcs12({ pkcs8, certificate }: Party): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-fuzz-'));
  try {
    const both = join(folder, 'both.pem');
    writeFileSync(both, encodePem('PRIVATE KEY', pkcs8) + encodePem('CERTIFICATE', certificate.bytes));
    const options = ['-passout', 'pass:x', '-iter', '1', '-keypbe', 'NONE', '-certpbe', 'NONE'];
    const { status, stdout, stderr } = askOracle('openssl', ['pkcs12', '-export', '-in', both, ...options]);
    if (status !== 0) throw new Error(stderr);
    return Uint8Array.from(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
