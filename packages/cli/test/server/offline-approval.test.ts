/** Maintainers whose keys are on machines that are never online: what is to be signed goes there as a file, and so comes back. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeZip } from '../../src/demo/zip.ts';
import { run, runJson } from '../support/run.ts';
import { createRoot, publishTrust, startServer, type TestServer } from '../support/server.ts';

const release = ['--project', 'demo-app', '--release', '1.0.0'];

test('a release is signed by a machine that is not online and by openssl, and handed in as files', async (t) => {
  const { json, cwd, offline, keyIds, sign } = await prepare(t);
  const missing = await json.refused('release', 'propose', '1.0.0', '--project', 'demo-app');
  assert.match(missing.stderr, /--lead is needed\nhint: signpost trust show/);
  const proposed = await json('release', 'propose', '1.0.0', '--project', 'demo-app', '--lead', keyIds.bob);
  assert.deepEqual([proposed.needed, proposed.approvals], [2, []]);
  await copyFile(join(cwd, 'demo-app-1.0.0.manifest.json'), join(offline, 'carried.json'));

  const blind = await sign(release);
  assert.equal(blind.code, 1);
  assert.match(blind.stderr, /app\.zip is part of the release and not compared.*\nhint: give your own build/);
  assert.equal((await sign([...release, '--file', 'other.zip'])).code, 4, 'not the file that was built here');
  const otherVersion = await sign(['--project', 'demo-app', '--release', '1.0.1', '--file', 'app.zip']);
  assert.match(otherVersion.stderr, /expected version 1\.0\.1, got 1\.0\.0/);
  const signed = await sign([...release, '--file', 'app.zip']);
  assert.equal(signed.code, 0, signed.stderr);
  assert.match(signed.stderr, /release 1\.0\.0 of project demo-app[\s\S]*same as your app\.zip: app\.zip/);
  const name = `demo-app-1.0.0.${keyIds.bob.slice(0, 16)}.approval.json`;
  await copyFile(join(offline, name), join(cwd, name));
  const first = await json('release', 'import-signature', name, ...release);
  assert.deepEqual([first.state, first.approvals], ['proposed', [keyIds.bob]]);

  execFileSync('openssl', [
    ...['pkeyutl', '-sign', '-rawin', '-inkey', join(cwd, 'eve.pem')],
    ...['-in', join(cwd, 'demo-app-1.0.0.manifest.json'), '-out', join(cwd, 'eve.sig')],
  ]);
  assert.equal((await json('release', 'import-signature', 'eve.sig', ...release)).state, 'active');
});

test('a signature over what was given up is refused, and so is one by nobody who may sign', async (t) => {
  const { json, cwd, offline, keyIds, sign } = await prepare(t);
  const propose = ['release', 'propose', '1.0.0', '--project', 'demo-app', '--lead', keyIds.bob];
  await json(...propose, '--out', join(offline, 'carried.json'));
  assert.equal((await sign([...release, '--no-compare', '--out', join(cwd, 'old.json')])).code, 0);
  const before = await json(...propose);
  const again = await json(...propose, '--again');
  assert.notEqual(again.manifest_sha256, before.manifest_sha256);
  const old = await json.refused('release', 'import-signature', 'old.json', ...release);
  assert.equal(old.code, 4);
  assert.match(
    old.stderr,
    /expected a signature over the manifest [0-9a-f]{16}…, got one over .*\nhint: sign what waits now/,
  );

  const approval = { ...JSON.parse(await readFile(join(cwd, 'old.json'), 'utf8')) };
  const stranger = { ...approval, key_id: 'ab'.repeat(32), manifest_sha256: again.manifest_sha256 };
  await writeFile(join(cwd, 'stranger.json'), JSON.stringify(stranger));
  await writeFile(join(cwd, 'bare.sig'), Buffer.alloc(64));
  await writeFile(join(cwd, 'large.sig'), Buffer.alloc(5000));
  const outcomes = [];
  for (const file of ['stranger.json', 'bare.sig', 'large.sig', 'none.sig']) {
    const { code, stderr } = await json.refused('release', 'import-signature', file, ...release);
    outcomes.push([code, stderr.split('\n')[0]]);
  }
  assert.deepEqual(outcomes, [
    [4, 'error: expected the key of a maintainer, got abababababababab'],
    [4, 'error: expected a signature by a maintainer over the manifest that waits'],
    [1, 'error: expected at most 4096 bytes in large.sig'],
    [1, 'error: none.sig cannot be read'],
  ]);
});

/** A project that Bob, by his key file, and Eve, by openssl, must approve; a draft of it; and a machine that knows no server. */
async function prepare(t: TestContext) {
  const server = await startServer(t);
  const { cwd, json } = server;
  const root = await createRoot(server);
  const keyIds = { bob: await addBob(server) };
  await addEve(server);
  await json('root', 'set-project', 'demo-app', '--dir', 'root', '--approvals', '2');
  await publishTrust(server, root);
  await json('project', 'create', 'demo-app');
  const offline = join(cwd, 'offline');
  await mkdir(offline);
  await writeFile(join(offline, 'app.zip'), encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hello') }]));
  await writeFile(join(offline, 'other.zip'), encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hullo') }]));
  await json('release', 'upload', 'offline/app.zip', ...release);
  const refused = (...words: string[]) => server.signpost(...words, '--yes');
  const words = ['release', 'sign', 'carried.json', '--key', '../bob.json', '--passphrase-file', '../pass', '--yes'];
  const sign = (more: readonly string[]) => run([...words, ...more], { cwd: offline });
  return { cwd, offline, keyIds, sign, json: Object.assign(json, { refused }) };
}

async function addBob({ cwd, json }: TestServer): Promise<string> {
  const record = await runJson(
    ['key', 'new-maintainer', '--out', 'bob.json', '--label', 'bob', '--passphrase-file', 'pass'],
    { cwd },
  );
  await writeFile(join(cwd, 'bob.pub'), JSON.stringify(record));
  await json('root', 'add-key', '--dir', 'root', '--key', 'bob.pub', '--scope', 'project:demo-app');
  return String(record.key_id);
}

/** A key that this program never had: what a token or another tool holds. */
async function addEve({ cwd, json }: TestServer): Promise<void> {
  const path = join(cwd, 'eve.pem');
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', path]);
  const der = execFileSync('openssl', ['pkey', '-in', path, '-pubout', '-outform', 'DER']);
  const pubkey = der.subarray(-32).toString('base64');
  const words = ['--pubkey', pubkey, '--label', 'eve', '--custody', 'maintainer', '--scope', 'project:demo-app'];
  await json('root', 'add-key', '--dir', 'root', ...words);
}
