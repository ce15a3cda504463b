/** Banners, icons and screenshots of a plugin's page: staged, looked at beside what the repository has, and committed as one revision. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { recoverDeploys } from '../../packages/server/src/wordpress/deploy/deploy.ts';
import {
  committer,
  createRepository,
  type Repository,
  type RepositoryServer,
  startApache,
} from '../programs/subversion.ts';
import { slug } from './plugin.ts';
import { credentialsPath, type Deploy, deploysPath, expectStatus, openPluginScene, type PluginScene } from './scene.ts';

const assets = `/api/projects/${slug}/wordpress/assets`;
const closers: (() => unknown)[] = [];
let repository: Repository;
let server: RepositoryServer;
let plugin: PluginScene;

before(async () => {
  repository = await createRepository(slug);
  closers.push(() => repository.remove());
  server = await startApache(repository, slug);
  closers.push(() => server.stop());
  plugin = await openPluginScene({ after: (close) => void closers.push(close as () => unknown) }, server);
});
after(async () => {
  for (const close of closers.reverse()) await close();
});

const colours = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255] } as const;

/** A PNG of one colour (PNG, 5.2 and 11.2). */
function draw(width: number, height: number, colour: keyof typeof colours): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(3 * width, Buffer.from(colours[colour]))]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)));
  const chunks = [chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const put = (name: string, body: Uint8Array) => plugin.scene.ask('PUT', `${assets}/${name}`, { as: plugin.key, body });
const list = async () => expectStatus(await plugin.ask('GET', assets), 200).json.assets as Record<string, unknown>[];

/** Asks for a deploy of what is staged and has it prepared. */
async function prepare(): Promise<Deploy> {
  const { id } = expectStatus(await plugin.ask('POST', `${assets}/deploys`), 201).json;
  await plugin.worker.drain();
  return plugin.show(String(id));
}

test('what wordpress.org does not show is refused by its name, its bytes or its size in pixels', async () => {
  const icon = draw(128, 128, 'red');
  for (const name of ['banner.png', 'icon-128x128.webp', 'screenshot-0.png', 'screenshot-1.svg', 'icon-64x64.png']) {
    const refused = await put(name, icon);
    assert.equal(refused.json.rule, 'asset-name', name);
  }
  for (const [name, bytes, rule] of [
    ['banner-772x250.png', icon, 'image-dimensions'],
    ['icon-128x128.jpg', icon, 'image-type'],
    ['icon-128x128.png', Buffer.from('<?php evil();'), 'image-type'],
    ['icon.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'), 'svg-script'],
  ] as const) {
    assert.equal((await put(name, bytes)).json.rule, rule, name);
  }
  assert.deepEqual(await list(), []);
  assert.equal((await plugin.ask('POST', `${assets}/deploys`)).json.rule, 'nothing-staged');
});

test('a batch is staged, compared with the repository, confirmed by its digest and committed once, beside a code deploy', async () => {
  const work = join(repository.folder, 'by-hand');
  await repository.svn('checkout', '--quiet', `${repository.local}/assets`, work);
  await writeFile(join(work, 'icon-128x128.png'), draw(128, 128, 'blue'));
  await writeFile(join(work, 'screenshot-1.png'), draw(20, 10, 'blue'));
  await writeFile(join(work, 'notes.txt'), 'ours');
  await repository.svn(
    'add',
    '--quiet',
    ...['icon-128x128.png', 'screenshot-1.png', 'notes.txt'].map((n) => join(work, n)),
  );
  await repository.svn('propset', '--quiet', 'svn:keywords', 'Id', join(work, 'icon-128x128.png'));
  await repository.svn('commit', '--quiet', '-m', 'by hand', work);

  const payload = Buffer.concat([draw(128, 128, 'red'), Buffer.from('<?php evil();')]);
  for (const [name, bytes] of [
    ['icon-128x128.png', payload],
    ['banner-772x250-de_DE.png', draw(772, 250, 'green')],
    [
      'icon.svg',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'),
    ],
  ] as const) {
    expectStatus(await put(name, bytes), 200);
  }
  expectStatus(await plugin.ask('DELETE', `${assets}/screenshot-1.png`), 200);

  // A deploy of code is in flight all the while.
  await plugin.release({ version: '1.0.0' });
  const code = await plugin.prepare('1.0.0');
  const prepared = await prepare();
  assert.deepEqual([prepared.state, prepared.failure, prepared.lane], ['awaiting_confirmation', null, 'assets']);
  const facts = prepared.diff.changes.map(({ path, action, picture }: Deploy) => [
    ...[path, action, picture.before?.width ?? null, picture.after?.width ?? null],
  ]);
  assert.deepEqual(facts, [
    ['banner-772x250-de_DE.png', 'added', null, 772],
    ['icon-128x128.png', 'modified', 128, 128],
    ['icon.svg', 'added', null, 9],
    ['screenshot-1.png', 'deleted', 20, null],
  ]);
  const seen = await plugin.ask('GET', `${deploysPath}/${prepared.id}/before/icon-128x128.png`);
  assert.deepEqual([seen.status, seen.body.readUInt32BE(16)], [200, 128]);
  const now = await plugin.ask('GET', `${assets}/icon-128x128.png`);
  assert.notDeepEqual(seen.body, now.body, 'the picture before is another one');
  const staged = await plugin.ask('GET', `${assets}/icon.svg`);
  assert.match(String(staged.headers['content-security-policy']), /sandbox/);
  assert.equal(staged.headers['cache-control'], 'private, no-cache');
  for (const name of ['icon.svg', 'icon-128x128.png']) {
    assert.equal((await plugin.scene.ask('GET', `${assets}/${name}`)).status, 404, 'strangers wait for the deploy');
  }
  const feed = `/api/projects/${slug}/wordpress/update.json`;
  assert.deepEqual((await plugin.scene.ask('GET', feed)).json.icons, {});
  assert.equal((await plugin.ask('POST', `${assets}/deploys`)).json.rule, 'deploy-in-flight');
  const other = await plugin.ask('POST', `${deploysPath}/${prepared.id}/confirm`, { diff_digest: 'ab'.repeat(32) });
  assert.equal(other.json.rule, 'diff-changed');

  const count = (await repository.readLog()).length;
  const deployed = await plugin.confirm(prepared);
  assert.deepEqual([deployed.state, deployed.failure], ['deployed', null]);
  const log = await repository.readLog();
  assert.equal(log.length, count + 1);
  assert.ok(log[0]?.paths.every((path) => path.includes(`/${slug}/assets`)));
  const folder = await repository.export('assets');
  assert.equal(await readFile(join(folder, 'notes.txt'), 'utf8'), 'ours');
  const icon = await readFile(join(folder, 'icon-128x128.png'));
  assert.ok(!icon.includes('<?php'), 'a payload does not survive');
  for (const [name, type] of [
    ['icon-128x128.png', 'image/png'],
    ['icon.svg', 'image/svg+xml'],
  ]) {
    const text = await repository.svn('propget', 'svn:mime-type', `${repository.local}/assets/${name}@`);
    assert.equal(text.trim(), type);
  }
  assert.doesNotMatch(await repository.svn('list', `${repository.local}/assets`), /screenshot-1/);
  assert.ok(
    (await list()).every(
      ({ change, deployed_revision }) => change === 'put' && deployed_revision === deployed.revision,
    ),
  );
  assert.equal((await plugin.confirm(code)).state, 'deployed', 'the deploy of code was not in its way');
  const update = (await plugin.scene.ask('GET', feed)).json;
  assert.match(
    JSON.stringify(update.icons),
    /"1x":"[^"]+icon-128x128.png","svg":"[^"]+icon.svg","default":"[^"]+icon.svg"/,
  );

  const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h8v8z"/></svg>';
  const look = async () => (await plugin.scene.ask('GET', `${assets}/icon.svg`)).body.toString();
  const shown = await look();
  expectStatus(await put('icon.svg', Buffer.from(drawing)), 200);
  assert.equal(await look(), shown, 'what is deployed stays in sight while another one is staged');
  const publish = (batch_digest: unknown) => plugin.ask('POST', `${assets}/publication`, { batch_digest });
  assert.equal((await publish('ab'.repeat(32))).json.rule, 'batch-changed');
  expectStatus(await publish((await plugin.ask('GET', assets)).json.batch_digest), 204);
  assert.notEqual(await look(), shown, 'a plugin that is not at wordpress.org shows its pictures without a deploy');
  expectStatus(await plugin.ask('POST', `${assets}/icon.svg/unstage`), 204);
});

test('a password goes to the repository that it was entered for, not to that of an earlier deploy', async () => {
  const { json } = await plugin.ask('GET', deploysPath);
  const { id } = (json.deploys as Deploy[]).find(({ lane, state }) => lane === 'assets' && state === 'deployed');
  const look = () => plugin.ask('GET', `${deploysPath}/${id}/before/icon-128x128.png`);
  expectStatus(await look(), 200);
  const elsewhere = { ...committer, repository: `${server.url}-elsewhere` };
  expectStatus(await plugin.ask('PUT', credentialsPath, elsewhere), 200);
  const refused = await look();
  expectStatus(await plugin.ask('PUT', credentialsPath, { ...committer, repository: server.url }), 200);
  assert.deepEqual([refused.status, refused.json?.rule], [409, 'repository-changed']);
});

test('what was staged since, what moved since, and what is there already is not committed', async () => {
  const same = await prepare();
  assert.deepEqual([same.state, same.failure?.rule], ['failed', 'nothing-changes']);
  expectStatus(await put('screenshot-2.png', draw(30, 30, 'red')), 200);
  const first = await prepare();
  expectStatus(await put('screenshot-2.png', draw(31, 31, 'red')), 200);
  assert.equal((await plugin.confirm(first)).failure?.rule, 'batch-changed');
  const second = await prepare();
  await repository.svn('delete', '--quiet', '-m', 'by hand', `${repository.local}/assets/notes.txt`);
  assert.equal((await plugin.confirm(second)).failure?.rule, 'trunk-moved');
});

test('a commit that nobody heard of is found by what it holds, and a message alone is believed nothing', async () => {
  const { database } = plugin.scene.resources;
  const endServer = async ({ id }: Deploy) => {
    const change = { state: 'committing', stage: 'sending', revision: null, ended_at: null } as const;
    await database.query.updateTable('wordpress_deploy').set(change).where('id', '=', id).execute();
    await recoverDeploys(plugin.scene.resources);
    await plugin.worker.drain();
    return plugin.show(id);
  };
  const deployed = await plugin.confirm(await prepare());
  assert.equal(deployed.state, 'deployed');
  // Somebody commits there meanwhile.
  await repository.svn('mkdir', '--quiet', '-m', 'later', `${repository.local}/assets/later`);
  const count = (await repository.readLog()).length;
  const again = await endServer(deployed);
  assert.deepEqual([again.state, again.revision], ['deployed', deployed.revision]);
  assert.equal((await repository.readLog()).length, count);

  expectStatus(await put('screenshot-3.png', draw(30, 30, 'red')), 200);
  const forged = await prepare();
  await repository.svn(
    'mkdir',
    '--quiet',
    '-m',
    `x\n\nSignpost-Deploy: ${forged.id}\n`,
    `${repository.local}/assets/evil`,
  );
  const failed = await endServer(forged);
  assert.deepEqual([failed.state, failed.failure?.rule], ['failed', 'trunk-moved']);
});
