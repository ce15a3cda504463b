import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { chooseFreePort } from '../../../../protocol/test/free-port.ts';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';
import { activateRelease } from '../../../src/releases/lifecycle/activation.ts';
import { withdrawRelease } from '../../../src/releases/lifecycle/release.ts';
import { writePublicTree } from '../../../src/releases/public/public-tree.ts';
import { addStoredDraft, openPlanesScene, openShop, type PlanesScene, send } from '../../planes-scene.ts';

async function openTree(t: TestContext) {
  const scene = await openPlanesScene(t);
  const shop = await openShop(scene);
  const { database, blobs, config, now } = scene.resources;
  const dir = join(config.dataDir, 'tree');
  const findSignature = async () => undefined;
  return { scene, ...shop, dir, write: () => writePublicTree({ database, blobs, dir, now, findSignature }) };
}

async function publish(scene: PlanesScene, projectId: string, wish: { version: string; channel?: string }) {
  const files = ['a.zip', 'b.zip'].map((name) => ({ name, bytes: Buffer.from(`${name} of ${wish.version}`) }));
  await addStoredDraft(scene, { projectId, ...wish, files });
  const { dependencies, caller } = scene.home;
  await activateRelease(dependencies, caller, { slug: 'rocket', version: wish.version });
}

/** Everything in the folder: `path -> target` for links. */
async function listTree(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink()).map((entry) => join(entry.parentPath, entry.name));
  const lines = links.map(async (path) => `${path.slice(dir.length + 1)} -> ${await readlink(path)}`);
  return (await Promise.all(lines)).sort();
}

suite('the public tree', () => {
  test('holds each published file and a link for each channel, and nothing else', async (t) => {
    const { scene, projectId, dir, write } = await openTree(t);
    await openShop(scene, { organisation: scene.other, slug: 'theirs' });
    await publish(scene, projectId, { version: '1.1.0' });
    await publish(scene, projectId, { version: '2.0.0-beta', channel: 'beta' });
    await addStoredDraft(scene, { projectId, version: '9.0.0' });
    await write();
    const paths = (await listTree(dir)).map((line) => line.replace(/ -> \.\..*/, ''));
    assert.deepEqual(paths, [
      'o/other/theirs/1.0.0/app-1.0.0.zip',
      'o/other/theirs/latest -> 1.0.0',
      'rocket/1.0.0/app-1.0.0.zip',
      'rocket/1.1.0/a.zip',
      'rocket/1.1.0/b.zip',
      'rocket/2.0.0-beta/a.zip',
      'rocket/2.0.0-beta/b.zip',
      'rocket/latest -> 1.1.0',
      'rocket/latest-beta -> 2.0.0-beta',
    ]);
    assert.equal(await readFile(join(dir, 'rocket/latest/b.zip'), 'utf8'), 'b.zip of 1.1.0');
    assert.equal(await readFile(join(dir, 'o/other/theirs/latest/app-1.0.0.zip'), 'utf8'), 'the bytes of 1.0.0');
  });

  test('holds the signature of each file of a plugin beside it, while there is one', async (t) => {
    const { scene, projectId, dir } = await openTree(t);
    const { database, blobs, now } = scene.resources;
    await publish(scene, projectId, { version: '1.1.0' });
    const signed = new Map([['a.zip', 'c2lnbmVk']]);
    const write = () =>
      writePublicTree({
        ...{ database, blobs, now, dir },
        findSignature: async (_, { artifact, release }) =>
          release.version === '1.1.0' ? signed.get(artifact.name) : undefined,
      });
    const read = (name: string) => readFile(join(dir, 'rocket', '1.1.0', name), 'utf8').catch(() => 'none');
    await write();
    assert.equal(await read('a.zip.sig'), 'none', 'only what WordPress updates has one');
    await database.query.updateTable('project').set({ kind: 'wordpress_plugin' }).where('id', '=', projectId).execute();
    await write();
    assert.deepEqual([await read('a.zip.sig'), await read('b.zip.sig')], ['c2lnbmVk\n', 'none']);
    signed.set('a.zip', 'YW5vdGhlcg');
    await write();
    assert.equal(await read('a.zip.sig'), 'YW5vdGhlcg\n');
    signed.clear();
    await write();
    assert.equal(await read('a.zip.sig'), 'none');
    assert.equal(await read('a.zip'), 'a.zip of 1.1.0');
  });

  test('is the same after a second writing, whatever a crash left behind', async (t) => {
    const { scene, projectId, dir, write } = await openTree(t);
    await publish(scene, projectId, { version: '1.1.0' });
    await write();
    const before = await listTree(dir);
    await write();
    assert.deepEqual(await listTree(dir), before);
    await symlink('nowhere', join(dir, 'rocket', 'latest.01930000-0000-7000-8000-000000000000'));
    await mkdir(join(dir, 'gone', '1.0.0'), { recursive: true });
    await writeFile(join(dir, 'gone', '1.0.0', 'left.zip'), 'x');
    await rm(join(dir, 'rocket', 'latest'));
    await write();
    assert.deepEqual(await listTree(dir), before);
    assert.equal(existsSync(join(dir, 'gone')), false);
  });

  test('loses what is withdrawn and what belonged to a deleted project', async (t) => {
    const { scene, projectId, key, dir, write } = await openTree(t);
    await publish(scene, projectId, { version: '1.1.0' });
    await write();
    const { dependencies, caller } = scene.home;
    await withdrawRelease(dependencies, caller, { name: { slug: 'rocket', version: '1.1.0' }, reason: 'broken' });
    await write();
    assert.deepEqual(
      (await listTree(dir)).map((line) => line.split(' ')[0]),
      ['rocket/1.0.0/app-1.0.0.zip'],
    );
    await scene.ask('DELETE', '/api/projects/rocket', { as: key });
    await write();
    assert.deepEqual(await readdir(dir), []);
    await scene.ask('POST', '/api/projects/rocket/restore', { as: key });
    await write();
    assert.equal((await listTree(dir)).length, 1);
  });

  test('shows a reader the old release or the new one, whole, and never none', async (t) => {
    const { scene, projectId, dir, write } = await openTree(t);
    await publish(scene, projectId, { version: '2.0.0' });
    await write();
    let done = false;
    let reads = 0;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!done) {
        // One look at the link, as a web server that opens a path: both files of the version it names are there.
        const version = await readlink(join(dir, 'rocket', 'latest'));
        const texts = ['a.zip', 'b.zip'].map((name) => readFile(join(dir, 'rocket', version, name), 'utf8'));
        assert.deepEqual(await Promise.all(texts), [`a.zip of ${version}`, `b.zip of ${version}`]);
        assert.match(await readFile(join(dir, 'rocket', 'latest', 'b.zip'), 'utf8'), /^b\.zip of 2\.0\.\d+$/);
        seen.add(version);
        reads += 1;
      }
    })();
    for (let patch = 1; patch <= 12; patch++) {
      await publish(scene, projectId, { version: `2.0.${patch}` });
      await Promise.race([write(), reading]);
    }
    done = true;
    await reading;
    assert.ok(reads > 12 && seen.size > 1, `${reads} reads of ${seen.size} versions`);
  });

  test('is written by the server itself after each change, one writing at a time', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key } = await openShop(scene);
    const dir = join(scene.resources.config.dataDir, 'public');
    for (let patch = 1; patch <= 5; patch++) {
      await addStoredDraft(scene, { projectId, version: `1.0.${patch}` });
      await scene.ask('POST', `/api/projects/rocket/releases/1.0.${patch}/activate`, { as: key });
    }
    const latest = async () => readlink(join(dir, 'rocket', 'latest')).catch(() => undefined);
    await waitUntil('a link to the last version', async () => (await latest()) === '1.0.5');
    assert.deepEqual(
      scene.lines.filter((line) => line.includes('could not be written')),
      [],
    );
  });
});

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'].find((path) => existsSync(path));
const missing = nginx === undefined ? 'nginx is not installed (apt-get install nginx-light)' : false;

test('a plain nginx serves the tree', { skip: process.env.CI === 'true' ? false : missing }, async (t) => {
  assert.ok(nginx, String(missing));
  const { scene, projectId, dir, write } = await openTree(t);
  await publish(scene, projectId, { version: '1.1.0' });
  await write();
  const url = await startNginx(t, { program: nginx, root: dir });
  const latest = await send(`${url}/rocket/latest/b.zip`, 'GET');
  assert.deepEqual([latest.status, latest.body.toString()], [200, 'b.zip of 1.1.0']);
  const range = await send(`${url}/rocket/1.1.0/a.zip`, 'GET', { headers: { range: 'bytes=0-4' } });
  assert.deepEqual([range.status, range.body.toString()], [206, 'a.zip']);
  const { dependencies, caller } = scene.home;
  await withdrawRelease(dependencies, caller, { name: { slug: 'rocket', version: '1.1.0' }, reason: 'broken' });
  await write();
  assert.equal((await send(`${url}/rocket/1.1.0/a.zip`, 'GET')).status, 404);
  assert.equal((await send(`${url}/rocket/1.0.0/app-1.0.0.zip`, 'GET')).status, 200);
});

/** Starts nginx as the owner of the data folder and returns its address. */
async function startNginx(t: TestContext, { program, root }: { program: string; root: string }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-nginx-'));
  await chmod(folder, 0o755);
  const port = await chooseFreePort();
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const server = `server { listen 127.0.0.1:${port}; root ${root}; }`;
  const settings = `${user} daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
events { worker_connections 64; } http { access_log off; ${temporary} ${server} }\n`;
  await writeFile(join(folder, 'nginx.conf'), settings);
  execFileSync(program, ['-t', '-q', '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')]);
  const child = spawn(program, ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  });
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil('nginx to answer', () =>
    send(url, 'GET').then(
      () => true,
      () => false,
    ),
  );
  return url;
}
