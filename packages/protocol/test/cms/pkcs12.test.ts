/** PKCS#12 that others write is read, and what we write is read by OpenSSL, GnuTLS, NSS, pyca and Node. */
import assert from 'node:assert/strict';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { parseDer } from '@signpost/protocol/asn1/reader';
import { type DerValue, encodeDer, encoded, integer, octetString, oid, sequence } from '@signpost/protocol/asn1/writer';
import { decryptPrivateKey, encryptedKeyLabel, encryptPrivateKey } from '@signpost/protocol/cms/encrypted-key';
import { type Pkcs12Contents, parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { encodePkcs12 } from '@signpost/protocol/cms/write-pkcs12';
import { algorithmIdentifier } from '@signpost/protocol/keys/algorithm-identifier';
import fc from 'fast-check';
import { askOracle, findMissingOracle, python } from '../oracle.ts';
import { createAuthority, createServer } from '../x509/authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-pkcs12-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const missing = {
  certtool: findMissingOracle('certtool', ['--version']),
  nss: findMissingOracle('certutil', ['-N', '-d', `sql:${folder}`, '--empty-password']),
  pyca: findMissingOracle(python, ['-c', 'import cryptography']),
};

const root = await createAuthority();
const intermediate = await createAuthority({ issuer: root });
const host = await createServer({ issuer: intermediate });
const [hostBytes, ...chain] = [host, intermediate, root].map(({ certificate }) => certificate.bytes);
const contents = {
  pkcs8: host.pkcs8,
  certificate: hostBytes ?? new Uint8Array(),
  chain,
  friendlyName: 'Söhne & host',
};
const password = 'correct horse, größer';
const written = await encodePkcs12(contents, password);
const keyFile = write('host.key', encodePem('PRIVATE KEY', host.pkcs8));
const chainFile = write(
  'host.pem',
  [contents.certificate, ...chain].map((one) => encodePem('CERTIFICATE', one)).join(''),
);

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function ask(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = askOracle(program, args);
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout.toString('utf8');
}

function assertHost(found: Pkcs12Contents, certificates = 3): void {
  assert.deepEqual(found.keys.map(({ pkcs8 }) => pkcs8).length, 1);
  assert.equal(found.certificates.length, certificates);
  const [key] = found.keys;
  const own = found.certificates.find(({ localKeyId }) => `${localKeyId}` === `${key?.localKeyId}`);
  assert.deepEqual(own?.bytes, contents.certificate);
}

function refuses(code: string, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Error && 'code' in error, String(error));
    assert.equal(error.code, code, error.message);
    if (message) assert.match(error.message, message);
    return true;
  };
}

test('what is written is read again: key, certificate, chain, name, and the id that joins them', async () => {
  const found = await parsePkcs12(written, password);
  assertHost(found);
  assert.deepEqual(found.keys[0]?.pkcs8, host.pkcs8);
  assert.equal(found.keys[0]?.friendlyName, 'Söhne & host');
  assert.deepEqual(
    found.certificates.map(({ bytes }) => bytes),
    [contents.certificate, ...chain],
  );
});

test('any password and any name survive, the empty ones too', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(text, text, async (chosen, friendlyName) => {
      const found = await parsePkcs12(await encodePkcs12({ ...contents, friendlyName }, chosen), chosen);
      assert.equal(found.keys[0]?.friendlyName, friendlyName);
    }),
    {
      numRuns: 8,
      examples: [
        ['', ''],
        ['\u{1f511}', '\u{1f511}'],
      ],
    },
  );
});

test('OpenSSL opens the file and finds the whole chain', () => {
  const path = write('written.p12', written);
  const text = ask('openssl', 'pkcs12', '-in', path, '-nodes', '-passin', `pass:${password}`);
  assert.equal(parsePem(text, 100_000).length, 4);
  const { stderr } = askOracle('openssl', ['pkcs12', '-in', path, '-info', '-noout', '-passin', `pass:${password}`]);
  assert.match(stderr, /MAC: sha256, Iteration 100000/);
  assert.match(stderr, /PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/);
});

test('Node opens the file for TLS', () => {
  assert.ok(createSecureContext({ pfx: Buffer.from(written), passphrase: password }));
});

test('GnuTLS opens the file', { skip: missing.certtool }, () => {
  const path = write('gnutls.p12', written);
  const text = ask('certtool', '--p12-info', '--inder', '--infile', path, `--password=${password}`);
  assert.equal(text.match(/BEGIN CERTIFICATE/g)?.length, 3, text);
  assert.match(text, /BEGIN (ENCRYPTED )?PRIVATE KEY/);
});

test('NSS imports key and certificates', { skip: missing.nss }, async () => {
  const path = write('nss.p12', await encodePkcs12(contents, 'plain ASCII'));
  ask('pk12util', '-i', path, '-d', `sql:${folder}`, '-W', 'plain ASCII');
  assert.match(ask('certutil', '-L', '-d', `sql:${folder}`), /Söhne & host +u,u,u/);
});

test('python3-cryptography opens the file', { skip: missing.pyca }, () => {
  const script = [
    'import sys',
    'from cryptography.hazmat.primitives.serialization import pkcs12',
    'found = pkcs12.load_pkcs12(open(sys.argv[1], "rb").read(), sys.argv[2].encode())',
    'print(found.cert.friendly_name.decode(), len(found.additional_certs), found.key.key_size)',
  ].join('\n');
  assert.equal(ask(python, '-c', script, write('pyca.p12', written), password), 'Söhne & host 2 256\n');
});

for (const [name, args] of [
  ['a password beyond ASCII', ['-passout', `pass:${password}`]],
  ['an empty password', ['-passout', 'pass:']],
  ['AES-128 and SHA-1', ['-passout', 'pass:x', '-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha1']],
  ['a MAC with SHA-512', ['-passout', 'pass:x', '-macalg', 'sha512', '-maciter', '-iter', '3']],
  ['certificates in the open', ['-passout', 'pass:x', '-certpbe', 'NONE']],
  ['a key in the open', ['-passout', 'pass:x', '-keypbe', 'NONE']],
] as const) {
  test(`OpenSSL's file with ${name} is read`, async () => {
    const path = join(folder, 'openssl.p12');
    ask('openssl', 'pkcs12', '-export', '-inkey', keyFile, '-in', chainFile, '-out', path, ...args);
    assertHost(await parsePkcs12(new Uint8Array(readFileSync(path)), args[1].slice('pass:'.length)));
  });
}

test("GnuTLS's file is read", { skip: missing.certtool }, async () => {
  const path = join(folder, 'certtool.p12');
  const given = [`--load-privkey=${keyFile}`, `--load-certificate=${chainFile}`, '--p12-name=host', '--password=abc'];
  ask('certtool', '--to-p12', '--outder', '--pkcs-cipher=aes-256', ...given, `--outfile=${path}`);
  assertHost(await parsePkcs12(new Uint8Array(readFileSync(path)), 'abc'));
});

test("NSS's file, which is BER, is read", { skip: missing.nss }, async () => {
  const path = join(folder, 'pk12util.p12');
  ask('pk12util', '-i', write('again.p12', await encodePkcs12(contents, 'x')), '-d', `sql:${folder}`, '-W', 'x');
  ask('pk12util', '-o', path, '-n', contents.friendlyName, '-d', `sql:${folder}`, '-W', 'abc');
  assertHost(await parsePkcs12(new Uint8Array(readFileSync(path)), 'abc'));
});

test('a wrong password is told as that, and so is a changed byte anywhere', async () => {
  await assert.rejects(parsePkcs12(written, `${password} `), refuses('password_wrong'));
  await assert.rejects(parsePkcs12(written, ''), refuses('password_wrong'));
  const changed = new Uint8Array(written);
  changed[300] = (changed[300] ?? 0) ^ 1;
  await assert.rejects(parsePkcs12(changed, password), refuses('password_wrong'));
});

test('RC2 and triple DES are refused by their names, and the way that the page shows converts them', async () => {
  const [old, between, modern] = ['old.p12', 'between.pem', 'modern.p12'].map((name) => join(folder, name));
  const names = [keyFile, chainFile, old, between, modern].map(String);
  const [key = '', pem = '', oldFile = '', betweenFile = '', modernFile = ''] = names;
  ask('openssl', 'pkcs12', '-export', '-legacy', '-inkey', key, '-in', pem, '-out', oldFile, '-passout', 'pass:x');
  const refused = parsePkcs12(new Uint8Array(readFileSync(oldFile)), 'x');
  await assert.rejects(refused, refuses('algorithm_unsupported', /PBES2, got RC2 of 40 bits/));
  ask('openssl', 'pkcs12', '-legacy', '-in', oldFile, '-nodes', '-out', betweenFile, '-passin', 'pass:x');
  ask('openssl', 'pkcs12', '-export', '-in', betweenFile, '-out', modernFile, '-passout', 'pass:x');
  assertHost(await parsePkcs12(new Uint8Array(readFileSync(modernFile)), 'x'));
});

/** The same content, with another MAC around it. */
function replaceMac(mac: DerValue): Uint8Array<ArrayBuffer> {
  const safe = parseDer(written, { maxBytes: 100_000 }, (reader) => {
    const file = reader.readSequence();
    file.readSmallInteger();
    const { bytes } = file.readElement();
    file.readElement();
    return bytes;
  });
  return encodeDer(sequence(integer(3), encoded(safe), mac));
}

/** RFC 9579: PBKDF2 with HMAC-SHA-512, HMAC-SHA-256, computed by Node. */
function modernMac(keyBytes: number, iterations = 1000): Uint8Array<ArrayBuffer> {
  const content = parseDer(written, { maxBytes: 100_000 }, (reader) => {
    const file = reader.readSequence();
    file.readSmallInteger();
    const info = file.readSequence();
    info.readOid();
    const found = info.readExplicit(0, (one) => one.readOctetString());
    file.readElement();
    return found ?? new Uint8Array();
  });
  const salt = new Uint8Array(16).fill(7);
  const key = pbkdf2Sync(password, salt, iterations, keyBytes, 'sha512');
  const [hmac256, hmac512] = ['1.2.840.113549.2.9', '1.2.840.113549.2.11'].map((one) => algorithmIdentifier(one));
  const pbkdf2 = sequence(octetString(salt), integer(iterations), integer(keyBytes), hmac512);
  const scheme = sequence(algorithmIdentifier('1.2.840.113549.1.5.12', pbkdf2), hmac256);
  const digest = createHmac('sha256', key).update(content).digest();
  const digestInfo = sequence(algorithmIdentifier('1.2.840.113549.1.5.14', scheme), octetString(digest));
  return replaceMac(sequence(digestInfo, octetString(new TextEncoder().encode('NOT USED')), integer(1)));
}

test('a MAC of RFC 9579 is read, and one with a key of no length is not', async () => {
  assertHost(await parsePkcs12(modernMac(32), password));
  await assert.rejects(parsePkcs12(modernMac(32), 'another'), refuses('password_wrong'));
  await assert.rejects(parsePkcs12(modernMac(4), password), refuses('malformed', /20 to 64 octets/));
  const digestInfo = sequence(algorithmIdentifier('1.2.840.113549.2.5', 'null'), octetString(new Uint8Array(16)));
  const weak = replaceMac(sequence(digestInfo, octetString(new Uint8Array(8)), integer(1)));
  await assert.rejects(parsePkcs12(weak, password), refuses('algorithm_unsupported', /MAC with SHA-1 or SHA-2/));
});

test('files that ask for too many iterations, or none, are refused before they are done', async () => {
  const sha = (hash: string, iterations: number) => {
    const digestInfo = sequence(algorithmIdentifier(hash, 'null'), octetString(new Uint8Array(32)));
    return replaceMac(sequence(digestInfo, octetString(new Uint8Array(8)), integer(iterations)));
  };
  const [sha1, sha256] = ['1.3.14.3.2.26', '2.16.840.1.101.3.4.2.1'];
  await assert.rejects(parsePkcs12(sha(sha256, 5_000_001), 'x'), refuses('too_large', /10000000 iterations/));
  await assert.rejects(parsePkcs12(sha(sha1, 200_001), 'x'), refuses('too_large'));
  await assert.rejects(parsePkcs12(sha(sha256, 0), 'x'), refuses('malformed', /at least one iteration/));
  const scheme = sequence(
    algorithmIdentifier('1.2.840.113549.1.5.12', sequence(octetString(new Uint8Array(8)), integer(2 ** 31 - 1))),
    algorithmIdentifier('2.16.840.1.101.3.4.1.42', octetString(new Uint8Array(16))),
  );
  const key = encodeDer(
    sequence(algorithmIdentifier('1.2.840.113549.1.5.13', scheme), octetString(new Uint8Array(16))),
  );
  await assert.rejects(decryptPrivateKey(key, 'x'), refuses('too_large'));
});

test('a file without a MAC, with a signature, of another version or too large is refused', async () => {
  const [plain = new Uint8Array()] = [join(folder, 'nomac.p12')].map((path) => {
    ask(
      'openssl',
      'pkcs12',
      '-export',
      '-nomac',
      '-inkey',
      keyFile,
      '-in',
      chainFile,
      '-out',
      path,
      '-passout',
      'pass:x',
    );
    return new Uint8Array(readFileSync(path));
  });
  await assert.rejects(parsePkcs12(plain, 'x'), refuses('malformed', /expected a MAC/));
  const signed = sequence(oid('1.2.840.113549.1.7.2'), encoded(Uint8Array.of(0xa0, 0x02, 0x30, 0x00)));
  await assert.rejects(
    parsePkcs12(encodeDer(sequence(integer(3), signed)), 'x'),
    refuses('algorithm_unsupported', /got a signature/),
  );
  await assert.rejects(parsePkcs12(encodeDer(sequence(integer(4))), 'x'), refuses('malformed', /version 3/));
  await assert.rejects(parsePkcs12(new Uint8Array(1024 * 1024 + 1), 'x'), refuses('too_large'));
});

test('no bytes lead to another error than a refusal', async () => {
  const cheap = modernMac(32, 1);
  const damage = fc.tuple(fc.nat(written.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = new Uint8Array(cheap);
      for (const [at, octet] of changes) bytes[at] = octet;
      await parsePkcs12(bytes, password).catch(assertTrustError);
    }),
    { numRuns: 60 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await parsePkcs12(new Uint8Array(bytes), 'x').catch(assertTrustError);
      await decryptPrivateKey(new Uint8Array(bytes), 'x').catch(assertTrustError);
    }),
  );
});

function assertTrustError(error: unknown): void {
  assert.ok(error instanceof Error && error.name === 'TrustError', String(error));
}

test('a key under a passphrase goes to OpenSSL and comes back', async () => {
  const path = write('key.pem', encodePem(encryptedKeyLabel, await encryptPrivateKey(host.pkcs8, password)));
  const text = ask('openssl', 'pkey', '-in', path, '-passin', `pass:${password}`);
  assert.deepEqual(parsePem(text, 10_000)[0]?.bytes, host.pkcs8);
  const theirs = ask(
    'openssl',
    'pkcs8',
    '-topk8',
    '-in',
    keyFile,
    '-v2',
    'aes-192-cbc',
    '-passout',
    `pass:${password}`,
  );
  const [block] = parsePem(theirs, 10_000);
  assert.equal(block?.label, encryptedKeyLabel);
  const bytes = block?.bytes ?? new Uint8Array();
  assert.deepEqual(await decryptPrivateKey(bytes, password), host.pkcs8);
  for (const wrong of ['', 'another', `${password}x`]) {
    await assert.rejects(decryptPrivateKey(bytes, wrong), refuses('password_wrong'));
  }
  const old = ask('openssl', 'pkcs8', '-topk8', '-in', keyFile, '-v2', 'des3', '-passout', 'pass:x');
  const oldBytes = parsePem(old, 10_000)[0]?.bytes ?? new Uint8Array();
  await assert.rejects(decryptPrivateKey(oldBytes, 'x'), refuses('algorithm_unsupported', /got triple DES/));
});
