/** Timestamps that OpenSSL and Sigstore write are verified, OpenSSL verifies ours, and what is not as asked is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeTimestampInfo, parseTimestampInfo } from '@signpost/protocol/cms/timestamp-info';
import {
  createImprint,
  createNonce,
  encodeTimestampRequest,
  parseTimestampRequest,
} from '@signpost/protocol/cms/timestamp-request';
import {
  encodeGranted,
  encodeRefused,
  parseTimestampResponse,
  type TimestampFailure,
  timestampFailures,
} from '@signpost/protocol/cms/timestamp-response';
import { verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import fc from 'fast-check';
import { askOracle } from '../oracle.ts';
import { now } from '../x509/authority.ts';
import { createTsa, describeTime, intermediate, message, policy, refuses, root, sign, tsa, verify } from './scene.ts';
import sigstore from './sigstore-timestamps.json' with { type: 'json' };

const folder = mkdtempSync(join(tmpdir(), 'signpost-timestamps-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const messageFile = write('message', message);
const rootFile = write('root.pem', encodePem('CERTIFICATE', root.certificate.bytes));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function ask(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = askOracle(program, args);
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}${stdout}`);
  return `${stdout}${stderr}`;
}

function read(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}

for (const [keyType, hash] of [
  [{ kind: 'ecdsa', curve: 'P-256' }, 'SHA-256'],
  [{ kind: 'ecdsa', curve: 'P-384' }, 'SHA-512'],
  [{ kind: 'rsa', modulusBits: 2048 }, 'SHA-384'],
] as const satisfies readonly (readonly [KeyType, HashName])[]) {
  test(`OpenSSL verifies a timestamp by ${Object.values(keyType).join(' ')} over ${hash}`, async () => {
    const name = hash.toLowerCase().replace('-', '');
    const query = join(folder, `${name}.tsq`);
    ask('openssl', 'ts', '-query', '-data', messageFile, `-${name}`, '-cert', '-out', query);
    const request = parseTimestampRequest(read(query));
    assert.deepEqual(request.imprint, await createImprint(message, hash));
    const by = await createTsa({ keyType });
    const token = await sign({ imprint: request.imprint, nonce: request.nonce, isOrdered: true }, by);
    const reply = write(`${name}.tsr`, encodeGranted(token));
    const anchor = ['-CAfile', rootFile];
    assert.match(ask('openssl', 'ts', '-verify', '-in', reply, '-queryfile', query, ...anchor), /Verification: OK/);
    assert.match(ask('openssl', 'ts', '-verify', '-in', reply, '-data', messageFile, ...anchor), /Verification: OK/);
    assert.match(ask('openssl', 'ts', '-reply', '-in', reply, '-text'), /Accuracy: 0x01 seconds, 0x01F4 millis/);
    const cms = ['-in', write(`${name}.p7`, token), '-inform', 'DER', '-out', join(folder, 'info'), ...anchor];
    ask('openssl', 'cms', '-verify', '-purpose', 'timestampsign', ...cms);
    const { info, path } = await verify(token, {
      imprint: request.imprint,
      ...(request.nonce && { nonce: request.nonce }),
    });
    assert.equal(info.time, now);
    assert.equal(info.accuracyMicros, 1_500_000);
    assert.equal(path.certificate.bytes.length, by.certificate.bytes.length);
  });
}

test('a timestamp by Ed25519 is verified', async () => {
  const by = await createTsa({ keyType: { kind: 'ed25519' } });
  assert.equal((await verify(await sign({}, by))).info.policy, policy);
});

for (const digest of ['sha256', 'sha1']) {
  test(`a timestamp by OpenSSL that names its certificate by ${digest} is verified`, async () => {
    const config = write(
      'ts.cnf',
      [
        '[tsa]',
        'default_tsa=t',
        '[t]',
        `serial=${write('serial', '0A')}`,
        `default_policy=${policy}`,
        'digests=sha256',
        'accuracy=secs:1,millisecs:2,microsecs:3',
        'ordering=yes',
        'tsa_name=yes',
        'signer_digest=sha256',
        `ess_cert_id_chain=yes`,
        `ess_cert_id_alg=${digest}`,
        '',
      ].join('\n'),
    );
    const [query = '', reply = ''] = ['their.tsq', 'their.tsr'].map((name) => join(folder, name));
    const certificate = write('tsa.pem', encodePem('CERTIFICATE', tsa.certificate.bytes));
    const chain = write('chain.pem', encodePem('CERTIFICATE', intermediate.certificate.bytes));
    const key = write('tsa.key', encodePem('PRIVATE KEY', tsa.pkcs8));
    ask('openssl', 'ts', '-query', '-data', messageFile, '-sha256', '-cert', '-out', query);
    const parties = ['-signer', certificate, '-inkey', key, '-chain', chain];
    ask('openssl', 'ts', '-reply', '-config', config, '-queryfile', query, ...parties, '-out', reply);
    const response = parseTimestampResponse(read(reply));
    assert.ok(response.kind === 'granted');
    const { nonce } = parseTimestampRequest(read(query));
    assert.ok(nonce);
    const { info } = await verify(response.token, { nonce, policy, at: now });
    assert.equal(info.accuracyMicros, 1_002_003);
    assert.equal(info.isOrdered, true);
    assert.equal(info.authority?.kind, 'directory');
  });
}

test("Sigstore's timestamps are verified, with and without their certificates inside", async () => {
  for (const { response, signed, chain } of sigstore.timestamps) {
    const answer = parseTimestampResponse(parseBase64(response));
    assert.ok(answer.kind === 'granted');
    const certificates = chain.map((text) => parseCertificate(parseBase64(text)));
    const anchor = certificates.at(-1);
    assert.ok(anchor);
    const imprint = await createImprint(parseBase64(signed), 'SHA-256');
    const requirements = { imprint, anchors: [anchor], intermediates: certificates.slice(0, -1) };
    const { info } = await verifyTimestamp(answer.token, requirements);
    assert.match(new Date(info.time).toISOString(), /^2025-0[68]/);
    const other = await createImprint(message, 'SHA-256');
    await assert.rejects(
      verifyTimestamp(answer.token, { ...requirements, imprint: other }),
      refuses('timestamp_invalid'),
    );
  }
});

test('OpenSSL reads our request, and our answer to what it asks is read back', async () => {
  const imprint = await createImprint(message, 'SHA-512');
  const given = { imprint, policy, nonce: createNonce(), certificatesWanted: true };
  const bytes = encodeTimestampRequest(given);
  assert.deepEqual(parseTimestampRequest(bytes), { ...given, extensions: [] });
  const text = ask('openssl', 'ts', '-query', '-in', write('ours.tsq', bytes), '-text');
  assert.match(text, /Hash Algorithm: sha512/);
  assert.match(text, /Certificate required: yes/);
});

test('every reason to refuse is told and read by OpenSSL and by us', () => {
  for (const failure of Object.keys(timestampFailures) as TimestampFailure[]) {
    const bytes = encodeRefused(failure, 'because');
    const expected = { kind: 'refused', status: 2, failures: [failure], text: 'because' };
    assert.deepEqual(parseTimestampResponse(bytes), expected);
    const text = ask('openssl', 'ts', '-reply', '-in', write('refused.tsr', bytes), '-text');
    assert.match(text, /Status: Rejected\.\nStatus description: because/);
  }
});

const positive = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((octets) => Uint8Array.of(1, ...octets));

test('what is written is read again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        serialNumber: positive,
        time: fc.integer({ min: 0, max: 4_102_444_800_000 }),
        accuracyMicros: fc.option(fc.integer({ min: 1, max: 10_000_000 }), { nil: undefined }),
        isOrdered: fc.boolean(),
        nonce: fc.option(positive, { nil: undefined }),
      }),
      async (changes) => {
        const info = await describeTime(changes);
        assert.deepEqual(parseTimestampInfo(encodeTimestampInfo(info)), info);
      },
    ),
  );
});
