/** The watch by the command, on a real server: sources come and go, signers are announced, and what is wrong is refused in words. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../support/server.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

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

  assert.deepEqual((await json('watch', 'cases')).cases, []);
  const key = 'a'.repeat(64);
  for (const verb of ['declare', 'retire', 'revoke']) {
    const decided = await json('watch', verb, id, '--line', '1', '--key', key, '--reason', 'x');
    assert.deepEqual(decided.lines, ['1']);
  }
  const unseen = ['watch', 'declare', id, '--issuer', 'https://i.example', '--subject', 'new', '--reason', 'x'];
  assert.match((await signpost(...unseen)).stderr, /nobody was seen to sign as new/);
  const other = String((await json('watch', 'add', 'quay.io/org/app')).id);
  assert.equal((await json('watch', 'mirror', other, '--of', id)).mirror_of, id);
  assert.match((await signpost('watch', 'mirror', id, '--of', other)).stderr, /is no mirror/);
  assert.equal((await json('watch', 'mirror', other)).mirror_of, null);
  assert.equal((await json('watch', 'remove', other, '--yes')).removed, true);

  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const check = ['watch', 'check', 'ghcr.io/org/app:1'];
  const unknown = await signpost(...check);
  assert.deepEqual([unknown.code, /^unknown: oci:ghcr\.io\/org\/app/.test(unknown.stdout)], [3, true], unknown.stderr);
  for (const [rule, code] of [
    [{ name: 'all', mode: 'enforce', on_unknown: 'deny' }, 1],
    [{ name: 'all', mode: 'warn' }, 2],
    [{ name: 'all', mode: 'enforce', on_unknown: 'allow' }, 0],
  ] as const) {
    const file = join(folder, 'gates.json');
    await writeFile(file, JSON.stringify({ schema: 1, rules: [rule] }));
    await json('watch', 'policy', 'set', file);
    assert.equal((await signpost(...check)).code, code, JSON.stringify(rule));
  }
  assert.equal((await json('watch', 'policy', 'show')).version, 3);
  await writeFile(join(folder, 'wrong.json'), '{"schema":1,"rules":[{"name":"x"}]}');
  assert.match((await signpost('watch', 'policy', 'set', join(folder, 'wrong.json'))).stderr, /rules\.0\.mode/);
  assert.deepEqual(await json('watch', 'propose', '--source', 'npm:**'), { schema: 1, rules: [] });
  assert.match((await signpost(...check, '--vsa')).stderr, /expected a verdict/);
  const inventory = (await json('watch', 'export')).sources as { key: string }[];
  assert.deepEqual(
    inventory.map(({ key }) => key),
    ['oci:ghcr.io/org/app'],
  );
  assert.deepEqual((await json('watch', 'export', '--search', 'nothing')).sources, []);
  assert.equal((await json('watch', 'export', '--format', 'sarif')).version, '2.1.0');

  const settings = join(folder, 'verify.sh');
  await writeFile(join(folder, 'cosign.pub'), keyPem);
  await writeFile(settings, `cosign verify --key ${join(folder, 'cosign.pub')} --check-claims=false ghcr.io/org/app`);
  const imported = ['watch', 'import', settings, '--format', 'cosign'];
  const before = join(folder, 'before.json');
  await writeFile(before, '{"schema":1,"rules":[{"name":"all","mode":"enforce","on_unknown":"deny"}]}');
  await json('watch', 'policy', 'set', before);
  const loose = await signpost(...imported, '--attach', join(folder, 'cosign.pub'));
  assert.deepEqual([loose.code, /watch-import-looser/.test(loose.stderr)], [1, true], loose.stderr);
  await writeFile(before, '{"schema":1,"rules":[]}');
  await json('watch', 'policy', 'set', before);
  const proposed = await signpost(...imported, '--attach', join(folder, 'cosign.pub'));
  assert.match(
    proposed.stderr,
    /stricter: command 1 --check-claims: .*\n.*signpost watch declare .* --key [0-9a-f]{64}/,
  );
  const bound = join(folder, 'bound.sh');
  const tags = '^https://github\\.com/org/app/\\.github/workflows/release\\.yml@refs/tags/[^@]*$';
  const issuer = 'https://token.actions.githubusercontent.com';
  await writeFile(
    bound,
    `cosign verify --certificate-oidc-issuer ${issuer} --certificate-identity-regexp '${tags}' ghcr.io/org/app`,
  );
  const narrow = await signpost('watch', 'import', bound, '--format', 'cosign', '--allow-looser');
  assert.match(
    narrow.stderr,
    /watch declare .* --ref-type tag --repository https:\/\/github.com\/org\/app /,
    narrow.stderr,
  );
  await writeFile(join(folder, 'imported.json'), proposed.stdout);
  await json('watch', 'policy', 'set', join(folder, 'imported.json'));
  const exported = [
    'watch',
    'export',
    '--format',
    'cosign',
    '--from',
    'policy',
    '--attach',
    join(folder, 'cosign.pub'),
  ];
  assert.match((await signpost(...exported)).stderr, /expected --out: there are 2 files/);
  assert.equal((await signpost(...exported, '--out', join(folder, 'out'))).code, 0);
  assert.match(
    await readFile(join(folder, 'out', 'verify.sh'), 'utf8'),
    /cosign verify --key keys\/[0-9a-f]{64}\.pub ghcr\.io\/org\/app/,
  );
  const pnpm = await signpost('watch', 'export', '--format', 'pnpm');
  assert.equal(pnpm.stdout, 'trustPolicy: no-downgrade\n', pnpm.stderr);

  assert.match((await signpost('watch', 'list')).stdout, /oci:ghcr\.io\/org\/app/);
  assert.equal(((await json('watch', 'show', id)).lines as { state: string }[])[0]?.state, 'declared');
  assert.equal(((await json('watch', 'history', id)).revisions as unknown[]).length, 3);
  assert.deepEqual((await json('watch', 'findings')).findings, []);
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const words = ['watch', 'announce', id, '--until', until, '--reason', 'we move'];
  assert.match((await signpost(...words, '--issuer', 'https://i.example')).stderr, /--issuer and --subject together/);
  const announced = await json(...words, '--issuer', 'https://i.example', '--subject', 'new');
  assert.equal(announced.valid_to, until);
  const said = await signpost('watch', 'announcements', '--source', id);
  assert.match(said.stdout, /oci:ghcr\.io\/org\/app +in-force .* new +we move/, said.stderr);
  assert.deepEqual((await json('watch', 'vouches', '--all')).announcements, []);
  assert.equal((await json('watch', 'withdraw', id, String(announced.id))).withdrawn, true);
  assert.match((await signpost('watch', 'withdraw', id, String(announced.id))).stderr, /no such announcement in force/);
  assert.deepEqual((await json('watch', 'announcements')).announcements, []);
  const over = (await json('watch', 'announcements', '--all')).announcements as { state: string }[];
  assert.deepEqual(
    over.map(({ state }) => state),
    ['withdrawn'],
  );
  const nobody = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';
  for (const verb of ['acknowledge', 'accept', 'reject', 'dismiss']) {
    assert.match((await signpost('watch', verb, nobody, '--reason', 'x')).stderr, /no such finding/);
  }
  assert.match((await signpost('watch', 'finding', nobody)).stderr, /no such finding/);
  assert.equal((await json('watch', 'remove', id, '--yes')).removed, true);
  assert.deepEqual((await json('watch', 'list')).sources, []);
});

test('a cluster is watched by a context of a kubeconfig, shown, and no longer watched', async (t) => {
  const { json, signpost } = await startServer(t);
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ca'];
  execFileSync('openssl', [...words, '-keyout', 'key.pem', '-out', 'ca.pem'], { cwd: folder, stdio: 'pipe' });
  const file = join(folder, 'config');
  const users = [
    { name: 'good', user: { token: 'a-token' } },
    { name: 'plugin', user: { exec: { command: 'x' } } },
  ];
  const contexts = users.map(({ name }) => ({ name, context: { cluster: 'c', user: name } }));
  const clusters = [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443', 'certificate-authority': 'ca.pem' } }];
  const config = { apiVersion: 'v1', kind: 'Config', 'current-context': 'plugin', clusters, users, contexts };
  await writeFile(file, JSON.stringify(config));

  const add = ['watch', 'cluster', 'add', 'shop'];
  assert.match((await signpost(...add, '--kubeconfig', file)).stderr, /exec is not taken/);
  assert.equal((await signpost(...add)).code, 2);
  assert.equal((await signpost(...add, '--in-cluster', '--kubeconfig', file)).code, 2);
  const made = await json(...add, '--kubeconfig', file, '--context', 'good', '--environment', 'production');
  assert.deepEqual([made.name, made.server], ['shop', 'https://192.0.2.1:6443']);
  const id = String(made.id);
  assert.match((await signpost('watch', 'cluster', 'list')).stdout, /shop +production +0/);
  const shown = await json('watch', 'cluster', 'show', id, '--flagged');
  assert.deepEqual([shown.name, shown.running], ['shop', []]);
  assert.equal(((await json('watch', 'export')).clusters as { id: string }[])[0]?.id, id);
  assert.equal((await json('watch', 'cluster', 'remove', id, '--yes')).removed, true);
  assert.deepEqual((await json('watch', 'cluster', 'list')).clusters, []);
});
