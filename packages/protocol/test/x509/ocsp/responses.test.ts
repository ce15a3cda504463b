/** OCSP responses: read from the public vectors, written for openssl, GnuTLS and python3-cryptography, and verified. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import {
  type DerValue,
  encodeDer,
  enumerated,
  explicit,
  generalizedTime,
  octetString,
  oid,
  primitive,
  sequence,
  wrapOctets,
} from '@signpost/protocol/asn1/writer';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { createCertificateId, encodeCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import {
  type BasicResponse,
  type CertificateStatus,
  maxOcspResponseBytes,
  ocspFailures,
  parseOcspResponse,
} from '@signpost/protocol/x509/ocsp/response';
import { verifyOcspResponse } from '@signpost/protocol/x509/ocsp/verify-response';
import { encodeOcspFailure } from '@signpost/protocol/x509/ocsp/write-response';
import { ocspOids } from '@signpost/protocol/x509/oids';
import { type RevocationReason, revocationReasons } from '@signpost/protocol/x509/revocation-list';
import fc from 'fast-check';
import { askOracle, findMissingOracle, python } from '../../oracle.ts';
import { createAuthority, createServer, now, type Party } from '../authority.ts';
import { createResponder, describeStatus, good, hourMs, respond } from './responses.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-ocsp-response-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const root = await createAuthority();
const host = await createServer({ issuer: root });
const responder = await createResponder(root);
const vectors = '/usr/lib/python3/dist-packages/cryptography_vectors/x509/ocsp';

function parseBasic(bytes: Uint8Array<ArrayBuffer>): BasicResponse {
  const response = parseOcspResponse(bytes);
  assert.equal(response.kind, 'basic');
  return response as BasicResponse;
}

test('the public responses are read as others read them, and the broken ones refused', {
  skip: findMissingOracle(python, ['-c', 'import cryptography_vectors']),
}, () => {
  const read = (name: string) => parseOcspResponse(new Uint8Array(readFileSync(join(vectors, `${name}.der`))));
  const statuses: Readonly<Record<string, readonly [CertificateStatus, string, number]>> = {
    'resp-revoked': [
      { kind: 'revoked', revokedAt: 1_472_851_728_000, reason: 'unspecified' },
      '2018-09-07T17:04:19.000Z',
      0,
    ],
    'resp-revoked-reason': [
      { kind: 'revoked', revokedAt: 1_530_102_601_000, reason: 'superseded' },
      '2018-09-03T19:48:17.000Z',
      1,
    ],
    'resp-sha256': [good, '2018-09-06T11:00:00.000Z', 0],
    'resp-delegate-unknown-cert': [{ kind: 'unknown' }, '2018-09-02T13:02:09.000Z', 1],
  };
  for (const [name, [status, nextUpdate, certificates]] of Object.entries(statuses)) {
    const response = read(name) as BasicResponse;
    const [single] = response.responses;
    assert.deepEqual(single?.status, status, name);
    assert.equal(new Date(single?.nextUpdate ?? 0).toISOString(), nextUpdate);
    assert.equal(response.certificates.length, certificates);
  }
  assert.equal((read('resp-responder-key-hash') as BasicResponse).responder.kind, 'key');
  assert.equal((read('resp-revoked-no-next-update') as BasicResponse).responses[0]?.nextUpdate, undefined);
  assert.equal((read('ocsp-army.deps.mil-resp') as BasicResponse).responses.length, 20);
  assert.deepEqual(read('resp-unauthorized'), { kind: 'failure', failure: 'unauthorized' });
  assert.throws(() => read('resp-unknown-hash-alg'), { code: 'algorithm_unsupported' });
  for (const name of ['response-type-unknown-oid', 'successful-no-response-bytes', 'unknown-response-status']) {
    assert.throws(() => read(`resp-${name}`), { code: 'malformed' }, name);
  }
});

const statuses: readonly CertificateStatus[] = [
  good,
  { kind: 'unknown' },
  ...(Object.keys(revocationReasons) as RevocationReason[])
    .filter((reason) => reason !== 'removeFromCRL')
    .map((reason) => ({ kind: 'revoked', revokedAt: now - hourMs, reason }) as const),
];

test('every status is read as it was written', async () => {
  for (const status of statuses) {
    const nonce = Uint8Array.of(1, 2, 3);
    const single = await describeStatus(host, root, { status });
    const { responses, producedAt, certificates, ...rest } = parseBasic(await respond(responder, [single], { nonce }));
    assert.deepEqual(responses, [single]);
    assert.equal(producedAt, now);
    assert.deepEqual(certificates, [responder.certificate]);
    assert.deepEqual(rest.nonce, nonce);
  }
});

const at = (name: string) => join(folder, name);

async function askJudges(issuer: Party, signer: Party, status: CertificateStatus): Promise<void> {
  const leaf = await createServer({ issuer });
  const bytes = await respond(signer, [await describeStatus(leaf, issuer, { status })], {
    certificates: signer === issuer ? [] : [signer.certificate],
  });
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', issuer.certificate.bytes));
  writeFileSync(at('leaf.pem'), encodePem('CERTIFICATE', leaf.certificate.bytes));
  writeFileSync(at('response.der'), bytes);
  const files = ['-respin', at('response.der'), '-CAfile', at('root.pem')];
  const opened = askOracle('openssl', ['ocsp', ...files, '-issuer', at('root.pem'), '-cert', at('leaf.pem')]);
  assert.match(opened.stderr, /Response verify OK/);
  assert.match(opened.stdout.toString(), new RegExp(`leaf.pem: ${status.kind}`));
  const trust = ['--load-trust', at('root.pem')];
  const judged = askOracle('ocsptool', ['--verify-response', ...trust, '--infile', at('response.der')]);
  assert.match(judged.stdout.toString(), /Verifying OCSP Response: Success/, judged.stderr);
  const script = `import sys
from cryptography.x509 import ocsp
r = ocsp.load_der_ocsp_response(sys.stdin.buffer.read())
print(r.certificate_status.name.lower(), r.revocation_reason and r.revocation_reason.name, r.this_update.isoformat())`;
  const reason = status.kind === 'revoked' && status.reason !== 'unspecified' ? snakeCase(status.reason) : 'None';
  const updated = new Date(now - hourMs).toISOString().slice(0, 19);
  const said = askOracle(python, ['-c', script], bytes).stdout.toString().trim();
  assert.equal(said, `${status.kind} ${reason} ${updated}`);
}

function snakeCase(reason: RevocationReason): string {
  return reason
    .replace('cAC', 'caC')
    .replace('aAC', 'aaC')
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

test('openssl, GnuTLS and python3-cryptography accept every status, by the issuer and by a responder', {
  skip: findMissingOracle('ocsptool', ['--version']),
}, async () => {
  for (const [index, status] of statuses.entries()) await askJudges(root, index % 2 ? root : responder, status);
});

test('and every kind of key', { skip: findMissingOracle('ocsptool', ['--version']) }, async () => {
  const keyTypes: readonly KeyType[] = [
    { kind: 'ecdsa', curve: 'P-384' },
    { kind: 'ecdsa', curve: 'P-521' },
    { kind: 'rsa', modulusBits: 2048 },
    { kind: 'ed25519' },
  ];
  for (const keyType of keyTypes) {
    await askJudges(root, await createResponder(root, { keyType }), good);
  }
});

test('a response of openssl is read as openssl meant it', async () => {
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', root.certificate.bytes));
  writeFileSync(at('responder.pem'), encodePem('CERTIFICATE', responder.certificate.bytes));
  writeFileSync(at('responder.key'), encodePem('PRIVATE KEY', responder.pkcs8));
  writeFileSync(at('leaf.pem'), encodePem('CERTIFICATE', host.certificate.bytes));
  const serial = encodeHex(host.certificate.serialNumber).toUpperCase();
  writeFileSync(at('index.txt'), `R\t301231235959Z\t260101000000Z,keyCompromise\t${serial}\tunknown\t/CN=x\n`);
  for (const more of [[], ['-resp_key_id']]) {
    const made = askOracle('openssl', [
      ...['ocsp', '-index', at('index.txt'), '-CA', at('root.pem'), '-ndays', '1'],
      ...['-rsigner', at('responder.pem'), '-rkey', at('responder.key'), ...more],
      ...['-issuer', at('root.pem'), '-cert', at('leaf.pem'), '-respout', at('made.der'), '-noverify'],
    ]);
    assert.equal(made.status, 0, made.stderr);
    const response = parseBasic(new Uint8Array(readFileSync(at('made.der'))));
    const [single] = response.responses;
    assert.deepEqual(single?.status, { kind: 'revoked', revokedAt: Date.UTC(2026, 0, 1), reason: 'keyCompromise' });
    assert.deepEqual(single?.id, await createCertificateId(host.certificate, root.certificate));
    assert.equal(response.nonce?.length, 16);
    assert.equal(response.responder.kind, more.length > 0 ? 'key' : 'name');
    const requirements = { certificate: host.certificate, issuer: root.certificate, at: Date.now() };
    await assert.rejects(verifyOcspResponse(response, requirements), { code: 'certificate_revoked' });
  }
});

test('every failure is read as it was written, and openssl knows it', () => {
  const words = {
    malformedRequest: 'malformedrequest',
    internalError: 'internalerror',
    tryLater: 'trylater',
    sigRequired: 'sigrequired',
    unauthorized: 'unauthorized',
  };
  for (const failure of Object.keys(ocspFailures) as (keyof typeof ocspFailures)[]) {
    assert.deepEqual(parseOcspResponse(encodeOcspFailure(failure)), { kind: 'failure', failure });
    writeFileSync(at('failure.der'), encodeOcspFailure(failure));
    const { stdout, stderr } = askOracle('openssl', ['ocsp', '-respin', at('failure.der'), '-resp_text']);
    assert.match(stdout + stderr, new RegExp(words[failure]));
  }
});

test('responses that break the standard are refused, each for its reason', async () => {
  const wrap = (basic: DerValue, type: string = ocspOids.basicResponse, status = 0) =>
    encodeDer(sequence(enumerated(status), explicit(0, sequence(oid(type), wrapOctets(basic)))));
  const id = encodeCertificateId(await createCertificateId(host.certificate, root.certificate));
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const signature = primitive(3, Uint8Array.of(0, 1));
  const basic = (...members: readonly DerValue[]) => wrap(sequence(sequence(...members), algorithm, signature));
  const by = explicit(2, octetString(new Uint8Array(20)));
  const time = generalizedTime(now);
  const single = (status: DerValue, when = time) => sequence(sequence(id, status, when));
  const isGood = primitive(0x80, new Uint8Array());
  parseOcspResponse(basic(by, time, single(isGood)));
  const fraction = primitive(0x18, encodeText('20260101000000.5Z'));
  const cases: readonly (readonly [string, Uint8Array<ArrayBuffer>, string])[] = [
    ['nothing', new Uint8Array(), 'malformed'],
    ['success without a response', encodeDer(sequence(enumerated(0))), 'malformed'],
    ['status 4', encodeDer(sequence(enumerated(4))), 'malformed'],
    ['a failure with a response', wrap(sequence(), ocspOids.basicResponse, 3), 'malformed'],
    ['another type', wrap(sequence(), ocspOids.nonce), 'malformed'],
    ['no status', basic(by, time, sequence()), 'malformed'],
    ['a short key hash', basic(explicit(2, octetString(new Uint8Array(19))), time, single(isGood)), 'malformed'],
    ['no responder', basic(time, single(isGood)), 'malformed'],
    ['an unknown status', basic(by, time, single(primitive(0x83, new Uint8Array()))), 'malformed'],
    ['good with content', basic(by, time, single(primitive(0x80, Uint8Array.of(0)))), 'malformed'],
    ['a fraction of a second in production', basic(by, fraction, single(isGood)), 'malformed'],
    ['a fraction of a second in an update', basic(by, time, single(isGood, fraction)), 'malformed'],
    [
      'a written default version',
      basic(explicit(0, primitive(2, Uint8Array.of(0))), by, time, single(isGood)),
      'malformed',
    ],
    ['more than 1 MiB', new Uint8Array(maxOcspResponseBytes + 1), 'too_large'],
  ];
  for (const [name, bytes, code] of cases) assert.throws(() => parseOcspResponse(bytes), { code }, name);
  const crowd = Array.from({ length: 17 }, () => responder.certificate);
  const crowded = await respond(responder, [await describeStatus(host, root)], { certificates: crowd });
  assert.throws(() => parseOcspResponse(crowded), { code: 'malformed' }, 'seventeen certificates');
});

test('no bytes for a response lead to another error than a refusal', async () => {
  const revoked = { kind: 'revoked', revokedAt: now, reason: 'superseded' } as const;
  const original = await respond(responder, [await describeStatus(host, root, { status: revoked })]);
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = original.slice();
      for (const [position, octet] of list) bytes[position % bytes.length] = octet;
      try {
        parseOcspResponse(bytes);
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
