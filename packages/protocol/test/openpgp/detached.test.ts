/** Detached signatures of OpenPGP, held against what GnuPG makes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseCertificate } from '@signpost/protocol/openpgp/certificate';
import { coverSignature, parseDetachedSignature } from '@signpost/protocol/openpgp/signature';
import { verifyDetachedSignature } from '@signpost/protocol/openpgp/verify-detached';
import { hashCovered } from '../hash-covered.ts';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { refuses } from '../refuses.ts';

const skip = findMissingOracle('gpg', ['--version']);
const home = mkdtempSync(join(tmpdir(), 'signpost-gpg-'));
after(() => {
  if (!skip) askOracle('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
  rmSync(home, { recursive: true, force: true });
});
const message = encodeText('the file\n');
const file = join(home, 'file');
writeFileSync(file, message);

function gpg(...args: readonly string[]): Uint8Array<ArrayBuffer> {
  const options = ['--homedir', home, '--batch', '--yes', '--quiet', '--passphrase', '', '--pinentry-mode', 'loopback'];
  const { status, stdout, stderr } = askOracle('gpg', [...options, ...args]);
  assert.equal(status, 0, stderr);
  return new Uint8Array(stdout);
}

const makeKey = (name: string, algorithm: string, usage = 'sign', expires = 'never') =>
  gpg('--quick-generate-key', `${name} <${name}@example.org>`, algorithm, usage, expires);
const exportKey = (name: string, ...how: readonly string[]) => gpg(...how, '--export', `${name}@example.org`);
const signFile = (name: string, ...how: readonly string[]) =>
  gpg('--local-user', `${name}@example.org`, ...how, '--output', '-', '--detach-sign', file);

async function verify(key: Uint8Array<ArrayBuffer>, made: Uint8Array<ArrayBuffer>, bytes: Uint8Array = message) {
  const signature = parseDetachedSignature(made);
  const digest = hashCovered(coverSignature(signature), bytes);
  return verifyDetachedSignature(await parseCertificate(key), { signature, digest, now: Date.now() });
}

for (const algorithm of ['ed25519', 'rsa2048', 'nistp256', 'nistp384', 'nistp521']) {
  test(`GnuPG's signature by ${algorithm} verifies, of its file alone`, { skip }, async () => {
    makeKey(algorithm, algorithm);
    const key = exportKey(algorithm);
    for (const hash of ['SHA256', 'SHA384', 'SHA512']) {
      // GnuPG takes no shorter hash than the curve.
      if ((algorithm === 'nistp384' && hash === 'SHA256') || (algorithm === 'nistp521' && hash !== 'SHA512')) continue;
      const made = signFile(algorithm, '--digest-algo', hash);
      assert.equal((await verify(key, made)).isExpired, false);
      await assert.rejects(verify(key, made, encodeText('another file\n')), refuses('bad_signature'));
    }
  });
}

test('armor makes no difference, of keys and of signatures', { skip }, async () => {
  makeKey('armored', 'ed25519');
  const [key, made] = [exportKey('armored', '--armor'), signFile('armored', '--armor')];
  const { signedBy } = await verify(key, made);
  const { primary, userId } = await parseCertificate(exportKey('armored'));
  assert.equal(signedBy.key.fingerprint, primary.fingerprint);
  assert.equal(userId, 'armored <armored@example.org>');
  const listed = Buffer.from(gpg('--with-colons', '--list-keys', 'armored@example.org')).toString();
  assert.match(listed, new RegExp(`^fpr:+${primary.fingerprint}:`, 'm'));
});

test('a subkey signs under the name of its primary key', { skip }, async () => {
  makeKey('owner', 'rsa2048', 'cert');
  const { 1: fingerprint = '' } =
    /^fpr:+([0-9A-F]{40}):/m.exec(Buffer.from(gpg('--with-colons', '--list-keys', 'owner@example.org')).toString()) ??
    [];
  gpg('--quick-add-key', fingerprint, 'ed25519', 'sign');
  const key = exportKey('owner');
  const { signedBy } = await verify(key, signFile('owner'));
  const { primary } = await parseCertificate(key);
  assert.equal(primary.fingerprint, fingerprint);
  assert.notEqual(signedBy.key.fingerprint, fingerprint);
});

test('a key that has expired is told, and was good before', { skip }, async () => {
  makeKey('short', 'ed25519', 'sign', 'seconds=2');
  const made = signFile('short');
  const key = exportKey('short');
  assert.equal((await verify(key, made)).isExpired, false);
  const certificate = await parseCertificate(key);
  const [signing] = certificate.signingKeys;
  assert.equal(signing?.expiresAt, (signing?.key.createdAt ?? 0) + 2000);
});

test('a revoked key has signed nothing', { skip }, async () => {
  makeKey('lost', 'ed25519');
  const made = signFile('lost');
  await verify(exportKey('lost'), made);
  const { 1: fingerprint = '' } =
    /^fpr:+([0-9A-F]{40}):/m.exec(Buffer.from(gpg('--with-colons', '--list-keys', 'lost@example.org')).toString()) ??
    [];
  const stored = readFileSync(join(home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8');
  const revocation = join(home, 'revocation');
  writeFileSync(revocation, stored.replace(':-----BEGIN', '-----BEGIN'));
  gpg('--import', revocation);
  await assert.rejects(verify(exportKey('lost'), made), refuses('key_revoked'));
});

test('signatures by SHA-1, over text and by another key are refused, each for its reason', { skip }, async () => {
  makeKey('strict', 'rsa2048');
  makeKey('stranger', 'ed25519');
  const key = exportKey('strict');
  const weak = signFile('strict', '--digest-algo', 'SHA1');
  assert.throws(() => parseDetachedSignature(weak), refuses('algorithm_unsupported', /SHA-256/));
  const text = signFile('strict', '--textmode');
  assert.throws(() => parseDetachedSignature(text), refuses('format_unsupported', /as it is/));
  await assert.rejects(verify(key, signFile('stranger')), refuses('key_unknown'));
  const two = new Uint8Array([...signFile('strict'), ...signFile('stranger')]);
  assert.throws(() => parseDetachedSignature(two), refuses('format_unsupported', /one signature/));
});

test('keys that are too short or of other algorithms are refused', { skip }, async () => {
  makeKey('short-rsa', 'rsa1024');
  makeKey('old', 'dsa2048');
  for (const name of ['short-rsa', 'old']) {
    await assert.rejects(parseCertificate(exportKey(name)), refuses('algorithm_unsupported'));
  }
});
