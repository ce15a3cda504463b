import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createKeyPair, parsePublicKey, type Signer } from '@signpost/protocol/keys/ed25519';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { createWorkplace, run, runJson } from '../support/run.ts';

const pass = ['--passphrase-file', 'pass'];

async function createRoot(t: TestContext) {
  const cwd = await createWorkplace(t);
  const root = await runJson(['root', 'init', '--dir', 'r', '--label', 'r', ...pass], { cwd });
  const sign = async (): Promise<VerifiedTrustList> => {
    await runJson(['root', 'sign', '--dir', 'r', '--out', 'trust.json', '--yes', ...pass], { cwd });
    const roots = { keys: [await parsePublicKey(String(root.pubkey_b64))], threshold: 1 };
    return verifyTrustList(await readFile(join(cwd, 'trust.json')), { roots, now: Date.now() });
  };
  return { cwd, sign, signpost: (...words: string[]) => run([...words, '--dir', 'r'], { cwd }) };
}

const recordOf = ({ keyId, pubkeyB64 }: Signer) => ({ key_id: keyId, pubkey_b64: pubkeyB64 });

test('a key of the server brings its push key into the list, in a role of its own', async (t) => {
  const { cwd, sign, signpost } = await createRoot(t);
  const [{ signer: server }, { signer: push }] = await Promise.all([createKeyPair(), createKeyPair()]);
  const record = { ...recordOf(server), label: 'first', custody: 'server', scope: '*' };
  const pushKeys = [{ ...recordOf(push), label: 'push' }];
  await writeFile(join(cwd, 'first.json'), JSON.stringify({ ...record, push_keys: pushKeys }));
  const added = await signpost('root', 'add-key', '--key', 'first.json');
  assert.match(added.stdout, new RegExp(`Push key ${push.keyId.slice(0, 16)} "push" may vouch for frames`));
  const list = await sign();
  assert.deepEqual(
    list.validKeys.map(({ key }) => key.keyId),
    [server.keyId],
  );
  assert.deepEqual(
    list.pushKeys.map(({ key, label }) => [key.keyId, label]),
    [[push.keyId, 'push']],
  );
});

test('a push key comes by itself too, beside a key, and goes for ever when it is revoked', async (t) => {
  const { sign, signpost } = await createRoot(t);
  const signers = await Promise.all([createKeyPair(), createKeyPair(), createKeyPair()]);
  const [server, first, second] = signers.map(({ signer }) => signer.pubkeyB64);
  const more = ['--label', 's', '--custody', 'server', '--scope', '*', '--push-key', String(first)];
  assert.equal((await signpost('root', 'add-key', '--pubkey', String(server), ...more)).code, 0);
  assert.equal((await signpost('root', 'add-push-key', String(second), '--label', 'next')).code, 0);
  assert.deepEqual(
    (await sign()).pushKeys.map(({ label }) => label),
    ['push', 'next'],
  );
  const keyId = (await parsePublicKey(String(first))).keyId;
  await signpost('root', 'revoke-key', keyId.slice(0, 16), '--reason', 'stolen');
  const list = await sign();
  assert.deepEqual(
    list.pushKeys.map(({ label }) => label),
    ['next'],
  );
  assert.deepEqual(
    list.revokedKeys.map((key) => key.keyId),
    [keyId],
  );
  const again = await signpost('root', 'add-push-key', String(first));
  assert.match(again.stderr, /is revoked\nhint: make a new key/);
});

test('a push key that is a root, or a key for manifests, is refused', async (t) => {
  const { signpost } = await createRoot(t);
  const { signer } = await createKeyPair();
  const more = ['--label', 's', '--custody', 'server', '--scope', '*'];
  await signpost('root', 'add-key', '--pubkey', signer.pubkeyB64, ...more);
  const refused = await signpost('root', 'add-push-key', signer.pubkeyB64);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /valid_keys and push_keys/);
});
