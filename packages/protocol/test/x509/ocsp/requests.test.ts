/** OCSP requests: read from the public vectors, written for openssl and python3-cryptography, refused when hostile. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import {
  boolean,
  type DerValue,
  encodeDer,
  explicit,
  integer,
  octetString,
  oid,
  sequence,
  sequenceOf,
} from '@signpost/protocol/asn1/writer';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import { extension } from '@signpost/protocol/x509/extensions';
import {
  type CertificateId,
  createCertificateId,
  encodeCertificateId,
  type IdHash,
  isSameCertificateId,
} from '@signpost/protocol/x509/ocsp/certificate-id';
import {
  encodeOcspRequest,
  maxOcspRequestBytes,
  maxRequestedCertificates,
  parseOcspRequest,
} from '@signpost/protocol/x509/ocsp/request';
import { ocspOids } from '@signpost/protocol/x509/oids';
import fc from 'fast-check';
import { askOracle, findMissingOracle, python } from '../../oracle.ts';
import { createAuthority, createServer } from '../authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-ocsp-request-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const root = await createAuthority();
const host = await createServer({ issuer: root });
const id = await createCertificateId(host.certificate, root.certificate);
const vectors = '/usr/lib/python3/dist-packages/cryptography_vectors/x509/ocsp';
const hashNames: readonly IdHash[] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];

test('the public requests are read as others read them, and the broken ones refused', {
  skip: findMissingOracle(python, ['-c', 'import cryptography_vectors']),
}, () => {
  const read = (name: string) => parseOcspRequest(new Uint8Array(readFileSync(join(vectors, `${name}.der`))));
  const [only] = read('req-sha1').certificates;
  assert.equal(only?.hash, 'SHA-1');
  assert.equal(encodeHex(only.serialNumber), '0098d9e5c0b4c373552df77c5d0f1eb5128e4945f9');
  assert.equal(read('req-multi-sha1').certificates.length, 2);
  assert.equal(encodeHex(read('req-ext-nonce').nonce ?? new Uint8Array()), '7b805a1d3726b8b84f48d2f8bfd72dfd');
  assert.equal(read('req-ext-unknown-oid').nonce, undefined);
  assert.throws(() => read('req-duplicate-ext'), { code: 'malformed' });
  assert.throws(() => read('req-invalid-hash-alg'), { code: 'algorithm_unsupported' });
});

test('openssl and python3-cryptography read the requests that are written here', {
  skip: findMissingOracle(python, ['-c', 'import cryptography']),
}, async () => {
  const nonce = Uint8Array.from({ length: 32 }, (_, index) => index);
  for (const hash of hashNames) {
    const bytes = encodeOcspRequest([await createCertificateId(host.certificate, root.certificate, hash)], { nonce });
    const path = join(folder, 'request.der');
    writeFileSync(path, bytes);
    const text = askOracle('openssl', ['ocsp', '-reqin', path, '-req_text']).stdout.toString();
    assert.match(text, new RegExp(`Hash Algorithm: ${hash.replace('-', '').toLowerCase()}`));
    assert.match(text, new RegExp(encodeHex(host.certificate.serialNumber), 'i'));
    assert.match(text, /OCSP Nonce:\s+042000010203/);
    const script =
      'import sys; from cryptography.x509 import ocsp; r = ocsp.load_der_ocsp_request(sys.stdin.buffer.read()); print(r.hash_algorithm.name, r.issuer_name_hash.hex(), r.issuer_key_hash.hex())';
    const named = await createCertificateId(host.certificate, root.certificate, hash);
    assert.equal(
      askOracle(python, ['-c', script], bytes).stdout.toString().trim(),
      [hash.replace('-', '').toLowerCase(), encodeHex(named.nameHash), encodeHex(named.keyHash)].join(' '),
    );
  }
});

test('a request of openssl names the certificate as we do', async () => {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', root.certificate.bytes));
  writeFileSync(at('host.pem'), encodePem('CERTIFICATE', host.certificate.bytes));
  for (const hash of hashNames) {
    const digest = `-${hash.replace('-', '').toLowerCase()}`;
    const args = [digest, '-issuer', at('root.pem'), '-cert', at('host.pem'), '-reqout', at('made.der')];
    assert.equal(askOracle('openssl', ['ocsp', ...args]).status, 0);
    const { certificates, nonce } = parseOcspRequest(new Uint8Array(readFileSync(at('made.der'))));
    const [found] = certificates;
    const ours = await createCertificateId(host.certificate, root.certificate, hash);
    assert.ok(found && isSameCertificateId(found, ours), hash);
    assert.equal(nonce?.length, 16);
  }
});

test('what is written is read again, for any certificates and nonces', () => {
  const octets = (minLength: number, maxLength: number) =>
    fc.uint8Array({ minLength, maxLength }).map((bytes) => Uint8Array.from(bytes));
  const ids = fc.tuple(octets(32, 32), octets(32, 32), octets(0, 19)).map(([nameHash, keyHash, rest]) => ({
    hash: 'SHA-256' as const,
    nameHash,
    keyHash,
    serialNumber: Uint8Array.of(1, ...rest),
  }));
  fc.assert(
    fc.property(fc.array(ids, { minLength: 1, maxLength: 5 }), fc.option(octets(1, 128)), (certificates, nonce) => {
      const bytes = encodeOcspRequest(certificates, nonce ? { nonce } : {});
      assert.deepEqual(parseOcspRequest(bytes), { certificates, nonce: nonce ?? undefined });
    }),
  );
});

const named = (value: CertificateId = id) => sequence(encodeCertificateId(value));
const request = (...members: readonly (DerValue | undefined)[]) => encodeDer(sequence(sequence(...members)));
const note = (critical: boolean) => extension('1.3.6.1.4.1.99999.1', integer(1), { critical });
const nonceOf = (length: number) => extension(ocspOids.nonce, octetString(new Uint8Array(length)), { critical: false });

test('a name of the asker, unknown extensions and a signature are read over', () => {
  const list = sequenceOf([sequence(encodeCertificateId(id), explicit(0, sequence(note(false))))]);
  const name = explicit(1, { ...octetString(Uint8Array.of(0x61)), tag: 0x82 });
  const signature = explicit(0, sequence(sequence(oid('1.2.3')), octetString(new Uint8Array(4))));
  const bytes = encodeDer(sequence(sequence(name, list, explicit(2, sequence(note(false)))), signature));
  assert.deepEqual(parseOcspRequest(bytes).certificates, [id]);
});

test('requests that break the standard are refused, each for its reason', () => {
  const list = sequenceOf([named()]);
  const many = (count: number) => request(sequenceOf(Array.from({ length: count }, () => named())));
  parseOcspRequest(many(maxRequestedCertificates));
  const short = { ...id, nameHash: id.nameHash.subarray(1) };
  const long = { ...id, serialNumber: new Uint8Array(65).fill(1) };
  const cases: readonly (readonly [string, Uint8Array<ArrayBuffer>, string])[] = [
    ['nothing', new Uint8Array(), 'malformed'],
    ['no certificate', request(sequenceOf([])), 'malformed'],
    ['a written default version', request(explicit(0, integer(0)), list), 'malformed'],
    ['version 2', request(explicit(0, integer(1)), list), 'malformed'],
    ['a short name hash', request(sequenceOf([named(short)])), 'malformed'],
    ['an endless serial number', request(sequenceOf([named(long)])), 'malformed'],
    ['an empty nonce', request(list, explicit(2, sequence(nonceOf(0)))), 'malformed'],
    ['a nonce of 129 octets', request(list, explicit(2, sequence(nonceOf(129)))), 'malformed'],
    ['two nonces', request(list, explicit(2, sequence(nonceOf(8), nonceOf(8)))), 'malformed'],
    ['no extensions that are there', request(list, explicit(2, sequence())), 'malformed'],
    ['an unknown critical extension', request(list, explicit(2, sequence(note(true)))), 'malformed'],
    [
      'an unknown critical extension of a certificate',
      request(sequenceOf([sequence(encodeCertificateId(id), explicit(0, sequence(note(true))))])),
      'malformed',
    ],
    ['something behind the end', Uint8Array.of(...request(list), 0), 'malformed'],
    ['a member too many', request(list, boolean(true)), 'malformed'],
    [
      'a signature that is no DER',
      encodeDer(sequence(sequence(list), explicit(0, { ...boolean(true), tag: 0x24 }))),
      'malformed',
    ],
    ['more than 256 certificates', many(maxRequestedCertificates + 1), 'too_large'],
    ['more than 1 MiB', new Uint8Array(maxOcspRequestBytes + 1), 'too_large'],
  ];
  for (const [name, bytes, code] of cases) assert.throws(() => parseOcspRequest(bytes), { code }, name);
});

test('no bytes for a request lead to another error than a refusal', () => {
  const original = encodeOcspRequest([id, id], { nonce: new Uint8Array(16) });
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const refuses = (bytes: Uint8Array<ArrayBuffer>) => {
    try {
      parseOcspRequest(bytes);
    } catch (error) {
      assert.ok(error instanceof TrustError, String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refuses(Uint8Array.from(bytes))));
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = original.slice();
      for (const [at, octet] of list) bytes[at % bytes.length] = octet;
      refuses(bytes);
    }),
    { numRuns: 500 },
  );
});
