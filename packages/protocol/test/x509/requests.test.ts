/** Certification requests: ours are read by openssl, openssl's by us; a request proves that its sender holds the key. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DerReader } from '@signpost/protocol/asn1/reader';
import { encodeDer, encoded, octetString, sequence, sequenceOf } from '@signpost/protocol/asn1/writer';
import { TrustError } from '@signpost/protocol/errors';
import { describeKeyType, type KeyType } from '@signpost/protocol/keys/key-type';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { createName, formatName } from '@signpost/protocol/x509/name';
import { parseRequest, signRequest, verifyRequest } from '@signpost/protocol/x509/request';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import fc from 'fast-check';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { dns } from './authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-request-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const noOpenssl = findMissingOracle('openssl', ['version']);
const subject = createName([
  ['O', 'Example'],
  ['CN', 'host.example.com'],
]);
const extensions = encodeExtensions({ subjectAlternativeName: { names: [dns('host.example.com')] } });

async function createRequest(keyType: KeyType = { kind: 'ecdsa', curve: 'P-256' }): Promise<Uint8Array<ArrayBuffer>> {
  return signRequest({ subject, extensions }, await createCertificateSigner(await createPrivateKey(keyType)));
}

for (const keyType of [
  { kind: 'ecdsa', curve: 'P-384' },
  { kind: 'rsa', modulusBits: 2048 },
  { kind: 'ed25519' },
] as const) {
  test(`a request for ${describeKeyType(keyType)} is read back, verified, and accepted by openssl`, {
    skip: noOpenssl,
  }, async () => {
    const bytes = await createRequest(keyType);
    const request = await verifyRequest(parseRequest(bytes));
    assert.deepEqual(request.subject, subject);
    assert.deepEqual(request.extensions.subjectAlternativeName?.value, [dns('host.example.com')]);
    const { status, stdout, stderr } = askOracle(
      'openssl',
      ['req', '-inform', 'DER', '-verify', '-noout', '-text'],
      bytes,
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout.toString(), /DNS:host\.example\.com/);
  });
}

test('a request by openssl is read, with its other attributes named', { skip: noOpenssl }, async () => {
  const config = [
    '[req]',
    'distinguished_name=dn',
    'attributes=att',
    'req_extensions=ext',
    'prompt=no',
    '[dn]',
    'CN=Ünïcode',
    '[att]',
    'challengePassword=secret',
    '[ext]',
    'keyUsage=critical,digitalSignature',
    'subjectAltName=DNS:a.example.com,IP:2001:db8::1',
  ].join('\n');
  writeFileSync(join(folder, 'config'), config);
  const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-outform', 'DER', '-utf8'];
  const { stdout, stderr } = askOracle('openssl', [...args, '-config', join(folder, 'config')]);
  assert.ok(stdout.length > 0, stderr);
  const request = await verifyRequest(parseRequest(new Uint8Array(stdout)));
  assert.equal(formatName(request.subject), 'CN=Ünïcode');
  assert.deepEqual(request.otherAttributes, ['1.2.840.113549.1.9.7']);
  assert.deepEqual(request.extensions.keyUsage, { critical: true, value: new Set(['digitalSignature']) });
  assert.equal(request.extensions.subjectAlternativeName?.value.length, 2);
});

test('a request signed by another key than the one it names is refused', async () => {
  const [one, two] = await Promise.all([createRequest(), createRequest()]);
  const [mine, theirs] = [parseRequest(one), parseRequest(two)];
  const stolen = { ...mine, signedBytes: theirs.signedBytes, spki: theirs.spki };
  await assert.rejects(verifyRequest(stolen), { code: 'bad_signature' });
});

test('a request that is not as PKCS#10 says is refused as malformed', async () => {
  const bytes = await createRequest();
  const outer = new DerReader(bytes).readSequence().readAll((reader) => reader.readElement().bytes);
  const info = new DerReader(outer[0] ?? new Uint8Array())
    .readSequence()
    .readAll((reader) => reader.readElement().bytes);
  const attribute = info[3]?.subarray(2) ?? new Uint8Array();
  const rebuild = (members: readonly Uint8Array[]) =>
    encodeDer(sequence(sequenceOf(members.map(encoded)), ...outer.slice(1).map(encoded)));
  assert.deepEqual(rebuild(info), bytes);
  const attributes = (...list: readonly Uint8Array[]) => encodeDer({ ...sequenceOf(list.map(encoded)), tag: 0xa0 });
  const empty = encodeDer(
    sequence(encoded(Uint8Array.from([6, 9, 42, 134, 72, 134, 247, 13, 1, 9, 7])), { ...sequence(), tag: 0x31 }),
  );
  for (const [name, changed] of [
    ['version 2', [Uint8Array.of(2, 1, 1), ...info.slice(1)]],
    ['no attributes at all', info.slice(0, 3)],
    ['extensions twice', [...info.slice(0, 3), attributes(attribute, attribute)]],
    ['an attribute without a value', [...info.slice(0, 3), attributes(empty)]],
    ['something behind', [...info, encodeDer(octetString(new Uint8Array(1)))]],
  ] as const) {
    assert.throws(() => parseRequest(rebuild(changed)), { code: 'malformed' }, name);
  }
  assert.throws(() => parseRequest(new Uint8Array(64 * 1024 + 1)), { code: 'too_large' });
});

test('no bytes for a request lead to another error than a refusal', async () => {
  const original = await createRequest();
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const bytes = original.slice();
      for (const [at, octet] of list) bytes[at % bytes.length] = octet;
      if (Buffer.from(bytes).equals(original)) return;
      const attempt = async () => verifyRequest(parseRequest(bytes));
      await assert.rejects(attempt, TrustError);
    }),
    { numRuns: 300 },
  );
});

/** @see test/long/der-fuzz.ts, which found it. */
test('an attribute that nobody knows is DER all the same', async () => {
  const bytes = await createRequest();
  const at = Buffer.from(bytes).indexOf(Buffer.from('2a864886f70d01090e', 'hex'));
  const unknown = bytes.slice();
  unknown[at + 8] = 0x0d;
  assert.deepEqual(parseRequest(unknown).otherAttributes, ['1.2.840.113549.1.9.13']);
  const broken = unknown.slice();
  // The length of the first extension's identifier.
  broken[Buffer.from(broken).indexOf(Buffer.from('0603551d11', 'hex')) + 1] = 0xff;
  assert.throws(() => parseRequest(broken), { code: 'malformed' });
});
