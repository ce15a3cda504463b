import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import type { RootSet } from '@signpost/protocol/updates/trust-list';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { createWorkplace, run, runJson } from '../support/run.ts';

const pass = ['--passphrase-file', 'pass'];

/** A workplace in which `names` have made roots; the answer names their public keys. */
async function createHolders(t: TestContext, names: readonly string[]) {
  const cwd = await createWorkplace(t);
  const made = await Promise.all(
    names.map((name) => runJson(['root', 'init', '--dir', name, '--label', name, ...pass], { cwd })),
  );
  const keys = made.map((root) => ({ id: String(root.key_id), pubkey: String(root.pubkey_b64) }));
  const sign = (dir: string, out: string, ...more: string[]) =>
    runJson(['root', 'sign', '--dir', dir, '--out', out, '--yes', ...pass, ...more], { cwd });
  return { cwd, keys, sign, signpost: (...words: string[]) => run(words, { cwd }) };
}

async function pin(pubkeys: readonly string[], threshold: number): Promise<RootSet> {
  return { keys: await Promise.all(pubkeys.map(parsePublicKey)), threshold };
}

test('init prints the key to pin and a recovery hint, and keeps key and folder to the owner', async (t) => {
  const { cwd, signpost } = await createHolders(t, []);
  const made = await signpost('root', 'init', '--dir', 'r', ...pass);
  assert.equal(made.code, 0);
  assert.match(made.stdout, /Pin this public key[\s\S]*[A-Za-z0-9+/]{43}=\n/);
  assert.match(made.stdout, /Recovery: /);
  const [key] = await readdir(join(cwd, 'r', 'keys'));
  assert.equal((await stat(join(cwd, 'r', 'keys', String(key)))).mode & 0o777, 0o600);
  assert.equal((await stat(join(cwd, 'r'))).mode & 0o777, 0o700);
});

test('init refuses a folder that holds a root, and a short passphrase, and leaves no key behind', async (t) => {
  const { cwd, signpost } = await createHolders(t, ['r']);
  const again = await signpost('root', 'init', '--dir', 'r', ...pass);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /holds a root already\nhint: /);
  assert.equal((await readdir(join(cwd, 'r', 'keys'))).length, 1);
  await writeFile(join(cwd, 'short'), 'elevenchars\n', { mode: 0o600 });
  const short = await signpost('root', 'init', '--dir', 's', '--passphrase-file', 'short');
  assert.equal(short.code, 1);
  assert.match(short.stderr, /expected at least 12 characters/);
  assert.equal((await readdir(cwd)).includes('s'), false);
});

test('a list made by add-key, set-project and sign verifies under the pinned root', async (t) => {
  const { cwd, keys, sign, signpost } = await createHolders(t, ['r']);
  const record = await runJson(['key', 'new-maintainer', '--out', 'bob.json', '--label', 'bob', ...pass], { cwd });
  await writeFile(join(cwd, 'bob.pub'), JSON.stringify(record));
  const added = await signpost('root', 'add-key', '--dir', 'r', '--key', 'bob.pub', '--scope', 'project:demo');
  assert.equal(added.code, 0, added.stderr);
  await signpost('root', 'set-project', 'demo', '--dir', 'r', '--approvals', '1');
  const signed = await sign('r', 'trust.json', '--expires-days', '10');
  assert.deepEqual([signed.trust_version, signed.complete, signed.signers], [1, true, [keys[0]?.id]]);
  const list = await verifyTrustList(await readFile(join(cwd, 'trust.json')), {
    roots: await pin([String(keys[0]?.pubkey)], 1),
    now: Date.now(),
  });
  assert.equal(list.validKeys[0]?.label, 'bob');
  assert.deepEqual(list.validKeys[0]?.scope, ['project:demo']);
  assert.deepEqual(list.projects, [{ project: 'demo', approvals: 1, counterEpoch: 0 }]);
  assert.equal(list.expiresAt - list.issuedAt, 10 * 86_400_000);
});

test('what is signed is shown in words before anything is asked', async (t) => {
  const { signpost } = await createHolders(t, ['r']);
  await signpost('root', 'set-project', 'demo', '--dir', 'r', '--approvals', '2');
  const refused = await signpost('root', 'sign', '--dir', 'r');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /demo[\s\S]*error: this needs a confirmation/);
  const withoutSecret = await signpost('root', 'sign', '--dir', 'r', '--yes');
  assert.equal(withoutSecret.code, 2);
  assert.match(withoutSecret.stderr, /demo[\s\S]*hint: give it by --passphrase-file PATH or --passphrase-fd N/);
});

test('a revoked key leaves the valid ones and never returns', async (t) => {
  const { cwd, keys, sign, signpost } = await createHolders(t, ['r']);
  const record = await runJson(['key', 'new-maintainer', '--out', 'bob.json', ...pass], { cwd });
  await writeFile(join(cwd, 'bob.pub'), JSON.stringify(record));
  const add = ['root', 'add-key', '--dir', 'r', '--key', 'bob.pub', '--scope', '*'];
  await signpost(...add);
  await sign('r', '1.json');
  const revoke = ['root', 'revoke-key', String(record.key_id).slice(0, 8), '--dir', 'r', '--reason', 'laptop stolen'];
  assert.equal((await signpost(...revoke)).code, 0);
  await sign('r', '2.json');
  const list = await verifyTrustList(await readFile(join(cwd, '2.json')), {
    roots: await pin([String(keys[0]?.pubkey)], 1),
  });
  assert.deepEqual(list.validKeys, []);
  assert.deepEqual(
    list.revokedKeys.map(({ keyId, reason }) => [keyId, reason]),
    [[record.key_id, 'laptop stolen']],
  );
  const back = await signpost(...add);
  assert.equal(back.code, 1);
  assert.match(back.stderr, /is revoked\nhint: make a new key/);
});

test('two of three holders sign the same bytes, in turn, and clients accept the result and not the half', async (t) => {
  const { cwd, keys, sign, signpost } = await createHolders(t, ['a', 'b', 'c']);
  const pubkeys = keys.map(({ pubkey }) => pubkey);
  for (const pubkey of pubkeys.slice(1)) await signpost('root', 'add-root', pubkey, '--dir', 'a');
  await signpost('root', 'set-threshold', '2', '--dir', 'a');
  const half = await sign('a', 'half.json');
  assert.deepEqual([half.complete, half.missing_signatures], [false, 1]);
  const roots = await pin(pubkeys, 2);
  await assert.rejects(verifyTrustList(await readFile(join(cwd, 'half.json')), { roots }), { code: 'bad_signature' });

  assert.equal((await signpost('root', 'import', 'half.json', '--dir', 'b')).code, 0);
  const whole = await sign('b', 'whole.json');
  assert.deepEqual([whole.complete, whole.trust_version, whole.digest], [true, 1, half.digest]);
  const list = await verifyTrustList(await readFile(join(cwd, 'whole.json')), { roots });
  assert.equal(list.rootsInForce.threshold, 2);
  // The first holder takes the complete list back and can go on from there.
  assert.equal((await signpost('root', 'import', 'whole.json', '--dir', 'a')).code, 0);
  assert.equal((await runJson(['root', 'show', '--dir', 'a'], { cwd })).trust_version, 1);
});

test('combine puts signatures made apart together and refuses different lists', async (t) => {
  const { cwd, keys, sign, signpost } = await createHolders(t, ['a', 'b', 'c']);
  for (const { pubkey } of keys.slice(1)) await signpost('root', 'add-root', pubkey, '--dir', 'a', '--threshold', '2');
  await signpost('root', 'set-threshold', '3', '--dir', 'a');
  await sign('a', 'a.json');
  for (const dir of ['b', 'c']) {
    await signpost('root', 'import', 'a.json', '--dir', dir);
    await sign(dir, `${dir}.json`);
  }
  const two = await runJson(['root', 'combine', 'a.json', 'b.json', '--out', 'two.json'], { cwd });
  assert.deepEqual([two.complete, two.missing_signatures], [false, 1]);
  const three = await runJson(['root', 'combine', 'two.json', 'c.json', '--out', 'three.json'], { cwd });
  assert.equal(three.complete, true);
  const roots = await pin(
    keys.map(({ pubkey }) => pubkey),
    3,
  );
  await verifyTrustList(await readFile(join(cwd, 'three.json')), { roots });
  await sign('a', 'other.json', '--renew');
  const mixed = await signpost('root', 'combine', 'other.json', 'b.json', '--out', 'mixed.json');
  assert.equal(mixed.code, 1);
  assert.match(mixed.stderr, /expected copies of one list/);
});

test('a rotated root is vouched for by the old one, so that clients follow the chain', async (t) => {
  const { cwd, keys, sign } = await createHolders(t, ['r']);
  await sign('r', '1.json');
  const rotated = await runJson(['root', 'rotate', '--dir', 'r', '--label', 'next', ...pass], { cwd });
  const second = await sign('r', '2.json');
  assert.deepEqual(second.signers, [keys[0]?.id, rotated.key_id]);
  const third = await sign('r', '3.json');
  assert.deepEqual(third.signers, [rotated.key_id]);
  const first = await verifyTrustList(await readFile(join(cwd, '1.json')), {
    roots: await pin([String(keys[0]?.pubkey)], 1),
  });
  const next = await verifyTrustList(await readFile(join(cwd, '2.json')), {
    roots: first.rootsInForce,
    previous: first,
  });
  const last = await verifyTrustList(await readFile(join(cwd, '3.json')), { roots: next.rootsInForce, previous: next });
  assert.deepEqual(
    last.rootsInForce.keys.map(({ pubkeyB64 }) => pubkeyB64),
    [rotated.pubkey_b64],
  );
  await assert.rejects(verifyTrustList(await readFile(join(cwd, '3.json')), { roots: first.rootsInForce }), {
    code: 'bad_signature',
  });
});

test('a change of roots needs the threshold of the old and of the new ones', async (t) => {
  const { cwd, keys, sign, signpost } = await createHolders(t, ['a', 'b']);
  await sign('a', '1.json');
  await signpost('root', 'add-root', String(keys[1]?.pubkey), '--dir', 'a', '--threshold', '2');
  const half = await sign('a', '2.json');
  assert.equal(half.complete, false);
  await signpost('root', 'import', '2.json', '--dir', 'b');
  await sign('b', '2-whole.json');
  const first = await pin([String(keys[0]?.pubkey)], 1);
  await assert.rejects(verifyTrustList(await readFile(join(cwd, '2.json')), { roots: first }), {
    code: 'root_not_trusted',
  });
  const list = await verifyTrustList(await readFile(join(cwd, '2-whole.json')), { roots: first });
  assert.equal(list.rootsInForce.threshold, 2);
});

test("import refuses a stranger's list, an older list and another list of the same version", async (t) => {
  const { sign, signpost } = await createHolders(t, ['a', 'b']);
  await sign('a', 'a1.json');
  await sign('a', 'a2.json');
  await sign('b', 'b1.json');
  const stranger = await signpost('root', 'import', 'a1.json', '--dir', 'b');
  assert.equal(stranger.code, 4);
  const older = await signpost('root', 'import', 'a1.json', '--dir', 'a');
  assert.equal(older.code, 4);
  assert.match(older.stderr, /expected a version above 2, got 1/);
});

test('edits that could not be signed are refused and change nothing', async (t) => {
  const { cwd, keys, signpost } = await createHolders(t, ['r']);
  const before = await readFile(join(cwd, 'r', 'draft.json'), 'utf8');
  const refusals = [
    ['root', 'set-threshold', '2', '--dir', 'r'],
    ['root', 'remove-root', String(keys[0]?.id), '--dir', 'r'],
    ['root', 'set-project', 'No Slug', '--approvals', '1', '--dir', 'r'],
    [
      'root',
      'add-key',
      '--pubkey',
      String(keys[0]?.pubkey),
      '--label',
      'x',
      '--custody',
      'server',
      '--scope',
      '*',
      '--dir',
      'r',
    ],
    ['root', 'revoke-key', 'deadbeef', '--reason', 'x', '--dir', 'r'],
  ];
  for (const words of refusals) {
    const refused = await signpost(...words);
    assert.equal(refused.code, 1, `${words.join(' ')}: ${refused.stderr}`);
    assert.match(refused.stderr, /^error: .*\nhint: /);
  }
  assert.equal(await readFile(join(cwd, 'r', 'draft.json'), 'utf8'), before);
});
