import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { createWorkplace, run, runJson, start } from '../support/run.ts';

const pass = ['--passphrase-file', 'pass'];

async function findKeyFile(cwd: string): Promise<string> {
  const [name] = await readdir(join(cwd, 'r', 'keys'));
  return join(cwd, 'r', 'keys', String(name));
}

test('a wrong passphrase signs nothing and uses up no version', async (t) => {
  const cwd = await createWorkplace(t);
  await runJson(['root', 'init', '--dir', 'r', ...pass], { cwd });
  await writeFile(join(cwd, 'wrong'), 'wrong horse battery\n', { mode: 0o600 });
  const refused = await run(['root', 'sign', '--dir', 'r', '--yes', '--passphrase-file', 'wrong'], { cwd });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /error: the passphrase is wrong, or the key file was changed\nhint: /);
  assert.deepEqual(await readdir(join(cwd, 'r', 'lists')), []);
  assert.equal((await readdir(cwd)).includes('trust.json'), false);
  const signed = await runJson(['root', 'sign', '--dir', 'r', '--yes', ...pass], { cwd });
  assert.equal(signed.trust_version, 1);
});

test('a key file of which any word was changed is refused', async (t) => {
  const cwd = await createWorkplace(t);
  await runJson(['root', 'init', '--dir', 'r', '--label', 'alice', ...pass], { cwd });
  const path = await findKeyFile(cwd);
  const text = await readFile(path, 'utf8');
  const other = await runJson(['key', 'new-maintainer', '--out', 'm.json', ...pass], { cwd });
  const changes: [RegExp, string][] = [
    [/"label": "alice"/, '"label": "mallory"'],
    [/"purpose": "root"/, '"purpose": "maintainer"'],
    [/"created_at": "20/, '"created_at": "19'],
    [/"passes": 3/, '"passes": 1'],
    [/"memory_kib": 65536/, '"memory_kib": 8'],
    [/"memory_kib": 65536/, '"memory_kib": 68719476736'],
    [/"pubkey_b64": ".*"/, `"pubkey_b64": "${other.pubkey_b64}"`],
    [/"ciphertext_b64": "(.)/, '"ciphertext_b64": "$1$1'],
    [/"format": "signpost-key-1"/, '"format": "signpost-key-2"'],
  ];
  for (const [pattern, replacement] of changes) {
    const changed = text.replace(pattern, replacement);
    assert.notEqual(changed, text, String(pattern));
    await writeFile(path, changed);
    const refused = await run(['root', 'test', '--dir', 'r', ...pass], { cwd });
    assert.ok(refused.code === 1 || refused.code === 4, `${pattern}: ${refused.code} ${refused.stderr}`);
    assert.match(refused.stderr, /^error: /);
  }
  await writeFile(path, text);
  assert.equal((await run(['root', 'test', '--dir', 'r', ...pass], { cwd })).code, 0);
});

test('a recorded list that was tampered with does not become the base of the next one', async (t) => {
  const cwd = await createWorkplace(t);
  await runJson(['root', 'init', '--dir', 'r', ...pass], { cwd });
  await runJson(['root', 'sign', '--dir', 'r', '--yes', ...pass], { cwd });
  const path = join(cwd, 'r', 'lists', '1.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('"trust_version":1', '"trust_version":7'));
  const refused = await run(['root', 'show', '--dir', 'r'], { cwd });
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /expected version 1/);
  await writeFile(path, text.replace('"valid_keys":[]', '"valid_keys":[ ],"x":1'));
  assert.equal((await runJson(['root', 'show', '--dir', 'r'], { cwd })).trust_version, null);
});

test('a list number whose file a crash left empty is never used again', async (t) => {
  const cwd = await createWorkplace(t);
  await runJson(['root', 'init', '--dir', 'r', ...pass], { cwd });
  await writeFile(join(cwd, 'r', 'lists', '1.json'), '');
  assert.equal((await runJson(['root', 'sign', '--dir', 'r', '--yes', ...pass], { cwd })).trust_version, 2);
});

test('a write that cannot finish leaves the old file as it was', async (t) => {
  const cwd = await createWorkplace(t);
  await runJson(['root', 'init', '--dir', 'r', ...pass], { cwd });
  const before = await readFile(join(cwd, 'r', 'draft.json'), 'utf8');
  // A folder in the place of the file that sign would write: the rename fails after the list was recorded.
  const refused = await run(['root', 'sign', '--dir', 'r', '--yes', '--out', 'r', ...pass], { cwd });
  assert.equal(refused.code, 1);
  assert.equal(await readFile(join(cwd, 'r', 'draft.json'), 'utf8'), before);
  assert.deepEqual(
    (await readdir(cwd)).filter((name) => name.endsWith('.tmp')),
    [],
  );
  const next = await runJson(['root', 'sign', '--dir', 'r', '--yes', ...pass], { cwd });
  assert.equal(next.trust_version, 2);
});

test('a folder whose process is killed at any moment stays whole, and no version is signed twice', async (t) => {
  const cwd = await createWorkplace(t);
  const root = await runJson(['root', 'init', '--dir', 'r', ...pass], { cwd });
  const roots = { keys: [await parsePublicKey(String(root.pubkey_b64))], threshold: 1 };
  for (let round = 0; round < 6; round++) {
    const project = ['root', 'set-project', `project-${round}`, '--approvals', '1', '--dir', 'r'];
    const victim = start(round % 2 ? project : ['root', 'sign', '--dir', 'r', '--yes', ...pass], { cwd });
    await Promise.race([sleep(220 + round * 25), once(victim, 'close')]);
    victim.kill('SIGKILL');
    if (victim.exitCode === null && victim.signalCode === null) await once(victim, 'close');
    assert.equal((await run(['root', 'show', '--dir', 'r'], { cwd })).code, 0);
  }
  const last = await runJson(['root', 'sign', '--dir', 'r', '--yes', ...pass], { cwd });
  const versions = (await readdir(join(cwd, 'r', 'lists'))).filter((name) => !name.startsWith('.'));
  assert.equal(last.trust_version, Math.max(...versions.map((name) => Number.parseInt(name, 10))));
  for (const name of versions) await verifyTrustList(await readFile(join(cwd, 'r', 'lists', name)), { roots });
});
