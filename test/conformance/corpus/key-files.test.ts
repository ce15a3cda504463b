/** A PKCS#12 file for every type of key is opened by openssl, GnuTLS, NSS and python3-cryptography. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePkcs12 } from '@signpost/protocol/cms/write-pkcs12';
import { findMissingOracle, python } from '../../../packages/protocol/test/oracle.ts';
import { ask, askForEach } from './judges.ts';
import { createKeys, createParty } from './party.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-corpus-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = {
  gnutls: findMissingOracle('certtool', ['--version']),
  nss: findMissingOracle('certutil', ['-N', '-d', `sql:${folder}`, '--empty-password']),
  pyca: findMissingOracle(python, ['-c', 'import cryptography']),
};
const password = 'four words in ASCII';

const keys = await createKeys();
const types = Object.keys(keys);
const files = await Promise.all(
  Object.entries(keys).map(async ([type, pkcs8]) => {
    const root = await createParty({ name: `root ${type}`, profile: 'root', pkcs8 });
    const client = await createParty({ name: `client ${type}`, profile: 'client', pkcs8, issuer: root });
    const [certificate, above] = [client.certificate.bytes, root.certificate.bytes];
    const path = join(folder, `${type}.p12`);
    writeFileSync(path, await encodePkcs12({ pkcs8, certificate, chain: [above], friendlyName: type }, password));
    return { type, path };
  }),
);

test('openssl opens a file of every type', async () => {
  await askForEach(files, async ({ type, path }) => {
    const { status, text } = await ask('openssl', ['pkcs12', '-in', path, '-nodes', '-passin', `pass:${password}`]);
    assert.equal(status, 0, `${type}: ${text}`);
    assert.match(
      text,
      new RegExp(`friendlyName: ${type}[^]*BEGIN CERTIFICATE[^]*BEGIN CERTIFICATE[^]*BEGIN PRIVATE KEY`),
    );
  });
});

test('GnuTLS opens a file of every type', { skip: skip.gnutls }, async () => {
  await askForEach(files, async ({ type, path }) => {
    const args = ['--p12-info', '--inder', '--infile', path, `--password=${password}`];
    const { status, text } = await ask('certtool', args);
    assert.equal(status, 0, `${type}: ${text}`);
    assert.equal(text.match(/BEGIN CERTIFICATE/g)?.length, 2, text);
    assert.match(text, /BEGIN (ENCRYPTED )?PRIVATE KEY/);
  });
});

// NSS of Debian 12 knows no Ed25519.
test('NSS imports a file of every type that it knows', { skip: skip.nss }, async () => {
  const known = files.filter((one) => one.type !== 'ed25519');
  for (const { type, path } of known) {
    const { status, text } = await ask('pk12util', ['-i', path, '-d', `sql:${folder}`, '-W', password]);
    assert.equal(status, 0, `${type}: ${text}`);
  }
  const { text } = await ask('certutil', ['-L', '-d', `sql:${folder}`]);
  for (const { type } of known) assert.match(text, new RegExp(`^${type} +u,u,u`, 'm'));
});

test('python3-cryptography opens a file of every type', { skip: skip.pyca }, async () => {
  const script = `
import json, sys
from cryptography.hazmat.primitives.serialization import pkcs12, Encoding, PublicFormat
def public(key): return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
password, paths = json.load(sys.stdin)
for path in paths:
    key, certificate, others = pkcs12.load_key_and_certificates(open(path, 'rb').read(), password.encode())
    print(public(key.public_key()) == public(certificate.public_key()), len(others))`;
  const given = JSON.stringify([password, files.map(({ path }) => path)]);
  const { text } = await ask(python, ['-W', 'ignore', '-c', script], given);
  assert.deepEqual(
    text.trim().split('\n'),
    types.map(() => 'True 1'),
  );
});
