/** A bad certificate for each rule of the lint. */
import assert from 'node:assert/strict';
import { DerReader } from '@signpost/protocol/asn1/reader';
import {
  bitOctets,
  constructed,
  type DerValue,
  encodeDer,
  encoded,
  explicit,
  oid,
  primitive,
  sequence,
  setOf,
} from '@signpost/protocol/asn1/writer';
import { encodeEcKey, encodeEd25519Key, encodeRsaKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { interpretExtensions } from '@signpost/protocol/x509/extensions';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import type { LintOptions } from '@signpost/protocol/x509/lint/lint-certificate';
import { createName, type DistinguishedName, readName } from '@signpost/protocol/x509/name';
import { accessMethods, anyPolicy, extensionOids, purposes } from '@signpost/protocol/x509/oids';
import type { KeyUsage } from '@signpost/protocol/x509/usage-extensions';
import { createAuthority, directory, dns, now, type Party } from '../authority.ts';

import { authority, type Changes, intermediate, mailbox, pkcs8, root, server, user } from './certificates.ts';

/** What a rule finds something in. */
interface Bad extends LintOptions {
  readonly certificate: Certificate;
}

type MakeBad = () => Promise<Certificate | Bad>;

/** What each rule finds. */
export const broken: Readonly<Record<string, MakeBad>> = {
  'version-3': async () => ({ ...(await server()), version: 1 }),
  'no-unique-ids': async () => withUniqueId(await server()),
  'serial-positive': () => server({}, { serialNumber: Uint8Array.of(0) }),
  'serial-length': () => server({}, { serialNumber: new Uint8Array(21).fill(1) }),
  'serial-random': () => server({}, { serialNumber: Uint8Array.of(1, 2, 3, 4, 5, 6, 7) }),
  'signature-known': async () => ({
    ...(await server()),
    signatureAlgorithm: { oid: '1.2.840.10045.4.1', parameters: undefined },
  }),
  'signature-hash': async () => ({ certificate: await server(), hash: 'SHA-384' }),
  'signature-form': async () => ({ ...(await server()), signature: new Uint8Array(64) }),
  'dates-order': () => server({}, { notBefore: now, notAfter: now - 1000 }),
  'extension-critical-known': () => server({ others: [{ oid: '1.2.3.4', critical: true, value: null5 }] }),
  'extension-known': () => server({ others: [{ oid: '1.2.3.4', critical: false, value: null5 }] }),
  'extension-not-critical': () => rewritten('subjectKeyIdentifier', true),
  'extension-critical': async () =>
    rewritten(
      'inhibitAnyPolicy',
      false,
      await authority({ inhibitAnyPolicy: 0, certificatePolicies: [{ policy: '1.2.3' }] }),
    ),
  'extension-criticality-usual': () => rewritten('keyUsage', false),
  'authority-key-present': () => server({ authorityKeyIdentifier: undefined }),
  'authority-key-alone': () =>
    server({
      authorityKeyIdentifier: undefined,
      others: [{ oid: extensionOids.authorityKeyIdentifier, critical: false, value: longAuthorityKey() }],
    }),
  'key-identifier-length': () => server({ subjectKeyIdentifier: new Uint8Array(65) }),

  'issuer-present': async () => ({ ...(await server()), issuer: createName([]) }),
  'subject-present': () => server({}, { name: [] }),
  'authority-subject': () => authority({ subjectAlternativeName: { names: [mailbox], critical: true } }, { name: [] }),
  'name-string-type': () => named(attribute('2.5.4.3', 0x1e, Uint8Array.of(0, 0x78))),
  'authority-string-type': async () => ({
    ...(await authority()),
    subject: (await named(attribute('2.5.4.3', 0x14, Uint8Array.of(0x78)))).subject,
  }),
  'name-length': () => server({}, { name: [['O', 'x'.repeat(65)]] }),
  'name-text': () => server({}, { name: [['O', ' ']] }),
  'name-characters': () => server({}, { name: [['O', 'x\u202egpj.exe']] }),
  'name-spaces': () => server({}, { name: [['O', ' x']] }),
  'name-country': () => named(attribute('2.5.4.6', 0x13, Uint8Array.of(0x61, 0x74))),
  'name-email': () => server({}, { name: [['emailAddress', 'nobody']] }),
  'name-email-elsewhere': () => server({}, { name: [['emailAddress', 'a@example.com']] }),
  'name-domain-label': () => server({}, { name: [['DC', 'example.com']] }),
  'name-single-valued': () =>
    named(attribute('2.5.4.3', 0x0c, Uint8Array.of(0x78)), attribute('2.5.4.10', 0x0c, Uint8Array.of(0x78))),
  'name-once': () => server({}, { name: twice(['CN', 'host.example.com']) }),

  'key-readable': async () => ({
    ...(await server()),
    spki: encodeRsaKey(new Uint8Array(256).fill(0xff), Uint8Array.of(4)),
  }),
  'key-rsa-size': () => keyed(encodeRsaKey(new Uint8Array(128).fill(0xff), exponent)),
  'key-rsa-exponent': () => keyed(encodeRsaKey(new Uint8Array(256).fill(0xff), Uint8Array.of(3))),
  'key-rsa-exponent-usual': () => keyed(encodeRsaKey(new Uint8Array(256).fill(0xff), Uint8Array.of(1, 0, 3))),
  'key-rsa-factors': () => keyed(encodeRsaKey(toOctets(751n * (2n ** 2040n + 1n)), exponent)),
  'key-rsa-close-primes': () => keyed(encodeRsaKey(toOctets(largePrime * (largePrime + 10_000n)), exponent)),
  'key-known-weak': async () => ({ certificate: await server(), isKnownWeak: () => true }),
  'key-rsa-roca': () => keyed(encodeRsaKey(toOctets(rocaNumber(5) * rocaNumber(1_234_567)), exponent)),
  'key-on-curve': () => keyed(encodeEcKey('P-256', Uint8Array.of(4, ...new Uint8Array(63), 1))),
  'key-ed25519-order': () => keyed(encodeEd25519Key(Uint8Array.of(1, ...new Uint8Array(31)))),

  'authority-constraints-critical': async () => rewritten('basicConstraints', false, await authority()),
  'authority-key-usage': () => authority({ keyUsage: ['cRLSign'] }),
  'authority-subject-key': () => authority({ subjectKeyIdentifier: undefined }),
  'user-subject-key': () => server({ subjectKeyIdentifier: undefined }),
  'user-signs-nothing': () => used('digitalSignature', 'keyCertSign'),
  'user-no-lists': () => used('digitalSignature', 'cRLSign'),
  'user-key-usage': () => server({ keyUsage: undefined }),
  'path-length': () => server({ basicConstraints: { isAuthority: false, pathLength: 0 } }),
  'key-usage-fits-key': () => used('digitalSignature', 'keyEncipherment'),
  'key-usage-agreement': () => used('digitalSignature', 'encipherOnly'),
  'purpose-fits-usage': () => used('contentCommitment'),
  'purpose-once': () => purposed(purposes.serverAuth, purposes.serverAuth),
  'purpose-explicit': () => purposed(purposes.any),
  'timestamping-alone': () => purposed(purposes.timeStamping),
  'responder-alone': () => purposed(purposes.ocspSigning, purposes.clientAuth),
  'no-check-responder': () => server({ ocspNoCheck: true }),
  'kind-authority': async () => ({ certificate: await authority(), kind: 'server' }),
  'kind-purpose': async () => ({ certificate: await server(), kind: 'client' }),
  'root-purpose': async () => ({
    certificate: (
      await createAuthority({ pkcs8, extensions: { extendedKeyUsage: { purposes: [purposes.serverAuth] } } })
    ).certificate,
    kind: 'root',
  }),

  'san-syntax': () => alternative(dns('under_score.example.com')),
  'san-a-label': () => alternative(dns('xn--99999.example.com')),
  'san-uri': () => alternative({ kind: 'uri', text: 'https:///path' }),
  'san-directory': () => alternative(directory([])),
  'san-once': () => alternative(dns('a.example.com'), dns('a.example.com')),
  'san-form': () => alternative({ kind: 'x400', bytes: encodeDer(constructed(0xa3, [sequence()])) }),
  'san-critical': () => server({ subjectAlternativeName: { names: [dns('host.example.com')], critical: true } }),
  'server-names': () => server({ subjectAlternativeName: { names: [mailbox] } }),
  'server-common-name': () => server({}, { name: [['CN', 'other.example.com']] }),
  'server-wildcard': () => alternative(dns('*.com')),
  'email-names': async () => ({ certificate: await user(purposes.emailProtection, []), kind: 'email' }),

  'constraints-authority': () =>
    server({ policyConstraints: { requireExplicitPolicy: 0, inhibitPolicyMapping: undefined } }),
  'name-constraint-syntax': () => constrained({ kind: 'ip', address: Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0) }),
  'name-constraint-form': () => constrained({ kind: 'registered-id', oid: '1.2.3' }),
  'policy-mapping-any': () => mapped(anyPolicy, '1.2.3'),
  'policy-mapping-stated': () => mapped('1.2.4', '1.2.3'),
  'policy-user-any': () => server({ certificatePolicies: [{ policy: anyPolicy }] }),

  'list-address': () => server({ crlDistributionPoints: ['ftp://example.com/one.crl'] }),
  'address-plain': () => server({ crlDistributionPoints: ['https://example.com/one.crl'] }),
  'list-name': () => pointed(sequence(constructed(0xa2, [encoded(directoryName)]))),
  'list-all-reasons': () => pointed(sequence(pointName, primitive(0x81, Uint8Array.of(6, 0x40)))),
  'access-address': () => located(accessMethods.ocsp, dns('example.com')),
  'access-once': () =>
    server({
      authorityInformationAccess: twice({
        method: accessMethods.ocsp,
        location: { kind: 'uri', text: 'http://a.example/' },
      }),
    }),
  'revocation-known': () => server({ crlDistributionPoints: undefined, authorityInformationAccess: undefined }),
  'staple-answerable': () => server({ tlsFeature: [5], authorityInformationAccess: undefined }),
  'staple-once': () => server({ tlsFeature: [] }),

  'issuer-name': async () => ({ certificate: await server(), issuer: root.certificate }),
  'issuer-authority': async () => ({ certificate: await server(), issuer: await server() }),
  'issuer-key': async () => ({
    certificate: await server({ authorityKeyIdentifier: new Uint8Array(20) }),
    issuer: intermediate.certificate,
  }),
  'issuer-algorithm': async () => ({
    certificate: await server(),
    issuer: { ...intermediate.certificate, spki: encodeEd25519Key(new Uint8Array(32).fill(9)) },
  }),
  'issuer-hash': async () => ({
    certificate: await server(),
    issuer: { ...intermediate.certificate, spki: encodeEcKey('P-384', Uint8Array.of(4, ...new Uint8Array(96))) },
  }),
  'issuer-outlived': async () => below(await server({}, { notAfter: now + 1001 * 86_400_000 })),
  'issuer-begun': async () => below(await server({}, { notBefore: now - 2 * 86_400_000 })),
  'issuer-path-length': async () => below(await authority({}, { issuer: intermediate, name: [['CN', 'Third']] })),
  'issuer-purposes': async () => beneath({ extendedKeyUsage: { purposes: [purposes.clientAuth] } }),
  'issuer-constraints': async () => beneath({ nameConstraints: { permitted: [dns('example.net')], excluded: [] } }),
  'self-signed-issuer': async () => ({ certificate: intermediate.certificate, kind: 'root' }),
};

const null5 = Uint8Array.of(5, 0);
const exponent = Uint8Array.of(1, 0, 1);
/** Nobody needs it to be prime. */
const largePrime = 2n ** 1023n + 1155n;
const pointName = explicit(0, constructed(0xa0, [primitive(0x86, new TextEncoder().encode('http://example.com/a'))]));
const directoryName = encodeDer(explicit(4, encoded(createName([['CN', 'x']]).bytes)));

function twice<T>(one: T): readonly T[] {
  return [one, one];
}

const used = (...keyUsage: KeyUsage[]) => server({ keyUsage });
const purposed = (...given: string[]) => server({ extendedKeyUsage: { purposes: given } });
const alternative = (...names: GeneralName[]) =>
  server({ subjectAlternativeName: { names: [dns('host.example.com'), ...names] } });
const located = (method: string, location: GeneralName) =>
  server({ authorityInformationAccess: [{ method, location }] });
const below = (certificate: Certificate): Bad => ({ certificate, issuer: intermediate.certificate });
const constrained = (name: GeneralName) => authority({ nameConstraints: { permitted: [name], excluded: [] } });
const keyed = async (spki: Uint8Array<ArrayBuffer>) => ({ ...(await server()), spki });

async function beneath(extensions: NonNullable<Changes>): Promise<Bad> {
  const issuer: Party = await createAuthority({ pkcs8, extensions });
  return { certificate: await server({}, { issuer }), issuer: issuer.certificate };
}

function mapped(issuerPolicy: string, subjectPolicy: string): Promise<Certificate> {
  return authority({ certificatePolicies: [{ policy: '1.2.3' }], policyMappings: [{ issuerPolicy, subjectPolicy }] });
}

function pointed(point: DerValue): Promise<Certificate> {
  const value = encodeDer(sequence(point));
  const others = [{ oid: extensionOids.crlDistributionPoints, critical: false, value }];
  return server({ crlDistributionPoints: undefined, others });
}

function longAuthorityKey(): Uint8Array<ArrayBuffer> {
  const names = constructed(0xa1, [encoded(directoryName)]);
  return encodeDer(sequence(primitive(0x80, new Uint8Array(20)), names, primitive(0x82, Uint8Array.of(1))));
}

function attribute(type: string, tag: number, content: Uint8Array): DerValue {
  return sequence(oid(type), primitive(tag, content));
}

/** A certificate whose subject is one relative name of these attributes. */
async function named(...attributes: readonly DerValue[]): Promise<Certificate> {
  const subject: DistinguishedName = readName(new DerReader(encodeDer(sequence(setOf(attributes)))));
  return { ...(await server()), subject };
}

/** A certificate with one extension's criticality changed. */
async function rewritten(
  name: keyof typeof extensionOids,
  critical: boolean,
  given?: Certificate,
): Promise<Certificate> {
  const certificate = given ?? (await server());
  const allExtensions = certificate.allExtensions.map((one) =>
    one.oid === extensionOids[name] ? { ...one, critical } : one,
  );
  assert.notDeepEqual(allExtensions, certificate.allExtensions);
  return { ...certificate, allExtensions, extensions: interpretExtensions(allExtensions) };
}

function withUniqueId(certificate: Certificate): Certificate {
  const members = new DerReader(certificate.signedBytes).readSequence().readAll((reader) => reader.readElement().bytes);
  const body = sequence(
    ...members.slice(0, 7).map(encoded),
    primitive(0x81, Uint8Array.of(0, 1)),
    ...members.slice(7).map(encoded),
  );
  const algorithm = sequence(oid(certificate.signatureAlgorithm.oid));
  return parseCertificate(encodeDer(sequence(body, algorithm, bitOctets(certificate.signature))));
}

function toOctets(number: bigint): Uint8Array<ArrayBuffer> {
  const hex = number.toString(16);
  return Uint8Array.from(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
}

/** A number in the form of the paper: k · M + (65537^a mod M), where M is the product of the 39 smallest primes. */
function rocaNumber(power: number): bigint {
  let product = 1n;
  let [count, candidate] = [0, 2n];
  for (; count < 39; candidate++) {
    let isPrime = true;
    for (let divisor = 2n; divisor * divisor <= candidate; divisor++) isPrime &&= candidate % divisor !== 0n;
    if (!isPrime) continue;
    product *= candidate;
    count++;
  }
  let residue = 1n;
  for (let step = 0; step < power % 10_007; step++) residue = (residue * 65_537n) % product;
  return ((1n << 1023n) / product + BigInt(power)) * product + residue;
}
