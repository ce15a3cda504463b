import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeZip } from '../../src/demo/zip.ts';
import { run, runJson } from '../support/run.ts';
import { createRoot, installServerKey, publishTrust, startServer } from '../support/server.ts';

const releaseArguments = ['--project', 'demo-app', '--release'];

test('a release goes from upload to verified download, and what is not the release is refused', async (t) => {
  const server = await startServer(t);
  const { cwd, base, json, signpost } = server;
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  await json('project', 'create', 'demo-app', '--name', 'Demo');
  await writeFile(join(cwd, 'app.zip'), createZip('readme.txt', 'hello'));
  await writeFile(join(cwd, 'CHANGES.md'), '# First\n\n*new*');
  const uploaded = await json(
    'release',
    'upload',
    'app.zip',
    ...releaseArguments,
    '1.0.0',
    '--changelog',
    'CHANGES.md',
  );
  assert.equal((uploaded.uploads as { state: string }[])[0]?.state, 'accepted');
  assert.equal((await json('release', 'activate', '1.0.0', '--project', 'demo-app')).state, 'active');

  // A client on another machine: no key, no configuration.
  const client = { cwd, env: { SIGNPOST_SERVER: base, XDG_CONFIG_HOME: join(cwd, 'client') } };
  const unpinned = await run(['check', 'demo-app'], client);
  assert.deepEqual([unpinned.code, /no root is pinned/.test(unpinned.stderr)], [2, true]);
  const found = await runJson(['check', 'demo-app', '--root', root], client);
  assert.deepEqual([found.kind, found.version], ['update', '1.0.0']);
  const steps = await run(['check', 'demo-app', '--installed', '1.0.0'], client);
  assert.match(steps.stderr, /ok {2}manifest_signatures/);
  assert.match(steps.stdout, /1\.0\.0 is up to date/);
  const downloaded = await runJson(['download', 'demo-app', '--out', 'got.zip'], client);
  assert.ok((await readFile(join(cwd, 'got.zip'))).equals(await readFile(join(cwd, 'app.zip'))));
  assert.equal(downloaded.version, '1.0.0');
  assert.equal((await run(['verify', 'got.zip', '--project', 'demo-app'], client)).code, 0);
  await writeFile(join(cwd, 'other.zip'), createZip('readme.txt', 'hullo'));
  const other = await run(['verify', 'other.zip', '--project', 'demo-app', '--json'], client);
  assert.equal(other.code, 1);
  assert.equal(JSON.parse(other.stdout).error.code, 'digest_mismatch');
  const stranger = await runJson(['root', 'init', '--dir', 'stranger', '--passphrase-file', 'pass'], { cwd });
  const wrongRoot = await run(['check', 'demo-app', '--root', String(stranger.pubkey_b64)], client);
  assert.equal(wrongRoot.code, 4);

  assert.equal(
    (await json('release', 'withdraw', '1.0.0', '--project', 'demo-app', '--reason', 'bad')).state,
    'withdrawn',
  );
  const withdrawn = await run(['check', 'demo-app', '--json'], client);
  assert.equal(withdrawn.code, 4);
  assert.equal(
    JSON.parse(withdrawn.stdout).error.code,
    'manifest_missing',
    'withdrawn or withheld: a client cannot know',
  );
  const shown = await signpost('release', 'list', '--project', 'demo-app');
  assert.match(shown.stdout, /1\.0\.0 +stable +withdrawn/);
});

test('a hostile archive is refused with the rule and nothing is published', async (t) => {
  const server = await startServer(t);
  await server.json('project', 'create', 'demo-app');
  await writeFile(join(server.cwd, 'evil.zip'), createZip('../evil.txt', 'out of here'));
  const refused = await server.signpost('release', 'upload', 'evil.zip', ...releaseArguments, '1.0.0', '--json');
  assert.equal(refused.code, 1);
  const { error } = JSON.parse(refused.stdout);
  assert.equal(error.code, 'upload_refused');
  assert.match(error.message, /\[[a-z-]+\]$/);
  const { releases } = await server.json('release', 'list', '--project', 'demo-app');
  assert.deepEqual(
    (releases as { artifacts: unknown[] }[]).flatMap(({ artifacts }) => artifacts),
    [],
  );
});

test('a project under approval is published by its maintainers and by nobody else', async (t) => {
  const server = await startServer(t);
  const { cwd, json, signpost } = server;
  const root = await createRoot(server);
  for (const name of ['bob', 'eve']) {
    const record = await json(
      'key',
      'new-maintainer',
      '--out',
      `${name}.json`,
      '--label',
      name,
      '--passphrase-file',
      'pass',
    );
    await writeFile(join(cwd, `${name}.pub`), JSON.stringify(record));
    await json('root', 'add-key', '--dir', 'root', '--key', `${name}.pub`, '--scope', 'project:demo-app');
  }
  await json('root', 'set-project', 'demo-app', '--dir', 'root', '--approvals', '2');
  await publishTrust(server, root);
  await json('project', 'create', 'demo-app');
  const shown = await signpost('project', 'show', 'demo-app');
  assert.match(shown.stdout, /Approvals needed: 2\nProtection: a stolen server cannot publish: no client/);
  await writeFile(join(cwd, 'app.zip'), createZip('readme.txt', 'hello'));
  await writeFile(join(cwd, 'mine.zip'), createZip('readme.txt', 'hullo'));
  await json('release', 'upload', 'app.zip', ...releaseArguments, '1.0.0');
  const alone = await signpost('release', 'activate', '1.0.0', '--project', 'demo-app');
  assert.equal(alone.code, 1);

  const approve = (name: string, ...more: string[]) =>
    signpost('approve', 'demo-app', '1.0.0', '--key', `${name}.json`, '--passphrase-file', 'pass', '--yes', ...more);
  const mismatch = await approve('bob', '--file', 'mine.zip');
  assert.equal(mismatch.code, 4);
  const first = await approve('bob', '--file', 'app.zip');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /release 1\.0\.0 of project demo-app[\s\S]*same as your app\.zip/);
  assert.match(first.stdout, /1 more maintainer/);
  const again = await approve('bob', '--file', 'app.zip');
  assert.match(again.stderr, /has signed this release already\nhint: 2 different maintainers/);
  assert.equal(
    (await run(['check', 'demo-app', '--root', root], { cwd, env: { SIGNPOST_SERVER: server.base } })).code,
    0,
  );
  const second = await approve('eve');
  assert.match(second.stderr, /same as the server's copy, which is no proof/);
  assert.match(second.stdout, /is active/);
  const found = await runJson(['check', 'demo-app', '--root', root], { cwd, env: { SIGNPOST_SERVER: server.base } });
  assert.equal((found.signers as string[]).length, 2);
});

test('a static mirror serves clients unchanged, and a file changed on it is refused', async (t) => {
  const server = await startServer(t);
  const { cwd, json } = server;
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  await json('project', 'create', 'demo-app');
  await writeFile(join(cwd, 'app.zip'), createZip('readme.txt', 'hello'));
  await json('release', 'upload', 'app.zip', ...releaseArguments, '1.0.0', '--activate');
  await writeFile(join(cwd, 'beta.zip'), createZip('readme.txt', 'soon'));
  await json('release', 'upload', 'beta.zip', ...releaseArguments, '2.0.0', '--channel', 'beta', '--activate');
  const exported = await json('mirror', 'export', 'mirror', '--root', root);
  // Two files, and the release statement of each.
  assert.deepEqual([(exported.releases as unknown[]).length, exported.files], [2, 4]);
  assert.deepEqual(await readdir(join(cwd, 'mirror', 'demo-app', '1.0.0')), ['app.zip']);

  const base = await serveFolder(t, join(cwd, 'mirror'));
  const client = { cwd, env: { SIGNPOST_SERVER: base } };
  const stable = await runJson(['download', 'demo-app', '--out', 'stable.zip', '--root', root], client);
  assert.equal(stable.version, '1.0.0');
  const evidence = join(cwd, 'mirror/api/projects/demo-app/releases/1.0.0/evidence');
  const [statement = ''] = await readdir(evidence);
  assert.equal(
    createHash('sha256')
      .update(await readFile(join(evidence, statement)))
      .digest('hex'),
    statement,
  );
  const beta = await runJson(['check', 'demo-app', '--channel', 'beta'], client);
  assert.equal(beta.version, '2.0.0');
  await writeFile(join(cwd, 'mirror', 'demo-app', '1.0.0', 'app.zip'), createZip('readme.txt', 'hullo'));
  const tampered = await run(['download', 'demo-app', '--out', 'bad.zip', '--json'], client);
  assert.equal(tampered.code, 4);
  assert.equal(
    (await readdir(cwd)).some((name) => name.includes('bad.zip')),
    false,
  );
  // The next export mends it.
  await json('mirror', 'export', 'mirror');
  assert.equal((await run(['download', 'demo-app', '--out', 'bad.zip'], client)).code, 0);

  // The roots name the log: from now on clients of the mirror hold releases against the log that lies there.
  const { verifier_key: verifierKey, size } = await json('log', 'show');
  await json('root', 'set-log', String(verifierKey), '--dir', 'root');
  await publishTrust(server);
  const unlogged = await run(['check', 'demo-app', '--log', String(verifierKey).replace('+A', '+B')], client);
  assert.equal(unlogged.code, 2, unlogged.stderr);
  const logged = await json('mirror', 'export', 'mirror');
  assert.ok(Number(logged.log_entries) > Number(size));
  const found = await runJson(['check', 'demo-app'], client);
  assert.ok(Number.isInteger((found.log as { index: number }).index));
  const read = await runJson(['log', 'verify'], client);
  assert.equal(read.size, logged.log_entries);
  const listed = await json('log', 'entries', '--type', 'manifest');
  assert.deepEqual(
    (listed.entries as { version: string }[]).map(({ version }) => version),
    ['2.0.0', '1.0.0'],
  );
});

function createZip(name: string, text: string): Uint8Array {
  return encodeZip([{ name, bytes: Buffer.from(text) }]);
}

/** Serves files as any web server does. */
async function serveFolder(t: Pick<TestContext, 'after'>, dir: string): Promise<string> {
  const server = createServer((request, response) => {
    readFile(join(dir, decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname))).then(
      (bytes) => response.writeHead(200).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('long lists are read page by page, and searched by the server', async (t) => {
  const { cwd, signpost, json } = await startServer(t);
  await json('project', 'create', 'demo-app');
  await writeFile(join(cwd, 'app.zip'), createZip('readme.txt', 'hello'));
  for (const version of ['1.0.0', '2.0.0', '3.0.0-beta']) {
    await json('release', 'upload', 'app.zip', ...releaseArguments, version);
  }
  const list = async (...options: string[]) =>
    (await signpost('release', 'list', '--project', 'demo-app', ...options)).stdout;
  const first = await list('--limit', '2');
  assert.match(first, /3\.0\.0-beta.*\n2\.0\.0/);
  assert.doesNotMatch(first, /1\.0\.0/);
  const [, place = ''] = /^More: --after (\S+)$/m.exec(first) ?? [];
  const second = await list('--limit', '2', '--after', place);
  assert.match(second, /1\.0\.0/);
  assert.doesNotMatch(second, /More|2\.0\.0/);
  assert.match(await list('--search', 'BETA'), /^3\.0\.0-beta/m);
  assert.doesNotMatch(await list('--search', '_'), /\.0\.0/);
});
