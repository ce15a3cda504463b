/** The watch by the command, on a real server: sources come and go, signers are announced, and what is wrong is refused in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../support/server.ts';

test('a source is watched, shown, given an announcement, and no longer watched', async (t) => {
  const { json, signpost } = await startServer(t);
  const made = await json('watch', 'add', 'GHCR.io/org/app:1', '--development');
  assert.equal(made.key, 'oci:ghcr.io/org/app');
  const id = String(made.id);
  const again = await signpost('watch', 'add', 'ghcr.io/org/app');
  assert.deepEqual([again.code, /watched already/.test(again.stderr)], [1, true], again.stderr);
  const wrong = await signpost('watch', 'add', 'ghcr.io/Org/app');
  assert.match(wrong.stderr, /expected oci:registry\/repository/);

  for (const [reference, code, text] of [
    ['ghcr.io/org/app:1', 0, /is looked at soon/],
    ['ghcr.io/org/other', 1, /nobody watches/],
  ] as const) {
    const observed = await signpost('watch', 'observe', reference, '--wait', '0');
    assert.deepEqual([observed.code, text.test(observed.stdout + observed.stderr)], [code, true], observed.stderr);
  }
  assert.equal((await signpost('watch', 'observe', 'ghcr.io/org/app', '--wait', '61')).code, 2);

  assert.match((await signpost('watch', 'list')).stdout, /oci:ghcr\.io\/org\/app/);
  assert.deepEqual((await json('watch', 'show', id)).lines, []);
  assert.deepEqual((await json('watch', 'history', id)).revisions, []);
  assert.deepEqual((await json('watch', 'findings')).findings, []);
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const words = ['watch', 'announce', id, '--until', until, '--reason', 'we move'];
  assert.match((await signpost(...words, '--issuer', 'https://i.example')).stderr, /--issuer and --subject together/);
  const announced = await json(...words, '--issuer', 'https://i.example', '--subject', 'new');
  assert.equal(announced.valid_to, until);
  const nobody = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';
  for (const verb of ['acknowledge', 'accept', 'reject', 'dismiss']) {
    assert.match((await signpost('watch', verb, nobody, '--reason', 'x')).stderr, /no such finding/);
  }
  assert.match((await signpost('watch', 'finding', nobody)).stderr, /no such finding/);
  assert.equal((await json('watch', 'remove', id, '--yes')).removed, true);
  assert.deepEqual((await json('watch', 'list')).sources, []);
});
