import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { sql } from 'kysely';
import { addStoredDraft, openPlanesScene, openShop, type PlanesScene, waitForAnswers } from '../../planes-scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

const file = '/rocket/2.0.0/big.zip';
const bytes = randomBytes(300_000);

/** The shop with a release of two files in service. */
async function openFiles(scene: PlanesScene) {
  const shop = await openShop(scene);
  const files = [
    { name: 'big.zip', bytes, platform: 'linux-x86_64' },
    { name: 'notes (1).zip', bytes: Buffer.from('small'), platform: 'windows-x86_64' },
  ];
  const [sha256] = await addStoredDraft(scene, { projectId: shop.projectId, version: '2.0.0', files });
  await scene.ask('POST', '/api/projects/rocket/releases/2.0.0/activate', { as: shop.key });
  return { ...shop, etag: `"${sha256}"` };
}

async function readCounts(scene: PlanesScene, brokenOff = 0): Promise<string[]> {
  await flush(scene, brokenOff);
  const rows = await scene.resources.database.query.selectFrom('download_count').selectAll().execute();
  return rows.map(({ version, platform, count }) => `${version} ${platform} ${count}`).sort();
}

/** Writes the counts of everything that was asked for so far. */
async function flush(scene: PlanesScene, brokenOff = 0): Promise<void> {
  await waitForAnswers(scene, scene.asked() + brokenOff);
  await scene.resources.downloads.flush();
}

suite('a file', () => {
  test('comes whole, with a strong tag, its length, a name, and cached for ever by version only', async (t) => {
    const scene = await openPlanesScene(t);
    const { etag } = await openFiles(scene);
    const answer = await scene.ask('GET', file);
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(bytes));
    assert.equal(answer.headers.etag, etag);
    assert.equal(answer.headers['content-length'], '300000');
    assert.equal(answer.headers['content-type'], 'application/zip');
    assert.equal(answer.headers['accept-ranges'], 'bytes');
    assert.equal(answer.headers['content-disposition'], 'attachment; filename="big.zip"');
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal((await scene.ask('GET', '/rocket/2.0.0')).body.length, bytes.length, 'the main file of a version');
    const latest = await scene.ask('GET', '/rocket');
    assert.equal(latest.headers.etag, etag);
    assert.equal(latest.headers['cache-control'], 'public, no-cache');
    assert.equal((await scene.ask('GET', '/rocket/2.0.0/notes%20(1).zip')).body.toString(), 'small');
    assert.equal((await scene.ask('GET', '/rocket/1.0.0/app-1.0.0.zip')).status, 200, 'a superseded release stays');
  });

  test('is answered with 304 to whoever has it, and to HEAD without a body and without a range', async (t) => {
    const scene = await openPlanesScene(t);
    const { etag } = await openFiles(scene);
    const unchanged = await scene.ask('GET', file, { headers: { 'if-none-match': etag, range: 'bytes=0-1' } });
    assert.deepEqual([unchanged.status, unchanged.body.length, unchanged.headers.etag], [304, 0, etag]);
    for (const headers of [{}, { range: 'bytes=0-9' }, { range: 'bytes=900000-' }]) {
      const head = await scene.ask('HEAD', file, { headers });
      assert.deepEqual([head.status, head.body.length, head.headers['content-length']], [200, 0, '300000']);
      assert.equal(head.headers.etag, etag);
    }
    assert.deepEqual(await readCounts(scene), []);
  });

  test('comes in ranges, and a range that it does not have is refused with its size', async (t) => {
    const scene = await openPlanesScene(t);
    const { etag } = await openFiles(scene);
    const cases: [string, number, number][] = [
      ['bytes=0-0', 0, 0],
      ['bytes=1000-1999', 1000, 1999],
      ['bytes=299990-', 299_990, 299_999],
      ['bytes=-10', 299_990, 299_999],
      ['bytes=299999-999999', 299_999, 299_999],
      ['bytes=-900000', 0, 299_999],
    ];
    for (const [range, first, last] of cases) {
      const answer = await scene.ask('GET', file, { headers: { range, 'if-range': etag } });
      assert.equal(answer.status, 206, range);
      assert.equal(answer.headers['content-range'], `bytes ${first}-${last}/300000`);
      assert.equal(answer.headers['content-length'], String(last - first + 1));
      assert.ok(answer.body.equals(bytes.subarray(first, last + 1)), range);
    }
    for (const range of ['bytes=300000-', 'bytes=-0']) {
      const refused = await scene.ask('GET', file, { headers: { range } });
      assert.deepEqual([refused.status, refused.json.code], [416, 'range_not_satisfiable']);
      assert.equal(refused.headers['content-range'], 'bytes */300000');
      assert.equal(refused.headers['cache-control'], 'no-store');
    }
    for (const headers of [{ range: 'bytes=0-1,5-6' }, { range: 'bytes=0-1', 'if-range': '"older"' }]) {
      const whole = await scene.ask('GET', file, { headers });
      assert.deepEqual([whole.status, whole.body.length], [200, 300_000]);
    }
  });

  test('that nobody published does not exist for strangers, and is never cached for those who see it', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key } = await openFiles(scene);
    await addStoredDraft(scene, { projectId, version: '3.0.0' });
    const paths = ['/rocket/3.0.0/app-3.0.0.zip', '/rocket/3.0.0'];
    const admitted = [
      key,
      await scene.openKey(scene.home, ['read'], 'project:rocket'),
      await scene.openPerson(scene.home, 'viewer'),
    ];
    const kept = [
      {},
      await scene.openKey(scene.home, ['read', 'manage'], 'project:other-app'),
      await scene.openKey(scene.home, ['metrics']),
      await scene.openKey(scene.other, ['read', 'admin']),
      await scene.openPerson(scene.other, 'admin'),
    ];
    for (const path of paths) {
      for (const as of kept) assert.equal((await scene.ask('GET', path, { as })).status, 404);
      for (const as of admitted) {
        const answer = await scene.ask('GET', path, { as });
        assert.deepEqual([answer.status, answer.headers['cache-control']], [200, 'private, no-store']);
      }
    }
    assert.deepEqual(await readCounts(scene), [], 'a look at a draft is no download');
    const reason = { reason: 'a hole' };
    await scene.ask('POST', '/api/projects/rocket/releases/2.0.0/withdraw', { as: key, json: reason });
    for (const path of [file, '/rocket/2.0.0', '/rocket'])
      assert.equal((await scene.ask('GET', path)).status, 404, path);
  });

  test('of another organisation is found under its own prefix and host name only', async (t) => {
    const scene = await openPlanesScene(t);
    await openShop(scene, { organisation: scene.other, slug: 'theirs' });
    const path = '/theirs/1.0.0/app-1.0.0.zip';
    assert.equal((await scene.ask('GET', path)).status, 404);
    assert.equal((await scene.ask('GET', `/o/other${path}`)).status, 200);
    assert.equal((await scene.ask('GET', path, { headers: { host: 'other.example' } })).status, 200);
  });

  test('that lies nowhere any more is refused before anything is promised', async (t) => {
    const scene = await openPlanesScene(t);
    await openFiles(scene);
    await rm(join(scene.resources.config.dataDir, 'blobs'), { recursive: true });
    const answer = await scene.ask('GET', file);
    assert.deepEqual([answer.status, answer.headers['cache-control']], [404, 'no-store']);
    assert.equal(answer.headers.etag, undefined);
    assert.equal((await scene.ask('GET', '/healthz')).status, 200);
  });

  test('that is broken off counts for nothing and harms nobody', async (t) => {
    const scene = await openPlanesScene(t);
    const { projectId, key } = await openFiles(scene);
    const huge = { name: 'huge.zip', bytes: Buffer.alloc(32 * 1024 * 1024) };
    await addStoredDraft(scene, { projectId, version: '4.0.0', files: [huge] });
    await scene.ask('POST', '/api/projects/rocket/releases/4.0.0/activate', { as: key });
    await Promise.all(Array.from({ length: 10 }, () => breakOff(`${scene.url}/rocket/4.0.0/huge.zip`)));
    assert.equal((await scene.ask('GET', file)).body.length, bytes.length);
    assert.deepEqual(await readCounts(scene, 10), ['2.0.0 linux-x86_64 1']);
    assert.deepEqual(
      scene.lines.filter((line) => line.includes('"level":50')),
      [],
    );
  });
});

/** Reads the first piece and hangs up. */
function breakOff(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (response) => {
      response.once('data', () => sent.destroy());
      response.once('close', resolve);
      response.on('error', () => undefined);
    });
    sent.once('error', reject);
    sent.end();
  });
}

forEachEngine((_engine, open) => {
  test('downloads are counted by day, version and platform: the whole and the last part, once', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { key } = await openFiles(scene);
    const range = async (value: string) => scene.ask('GET', file, { headers: { range: value } });
    await scene.ask('GET', file);
    await range('bytes=0-99');
    await range('bytes=100-');
    await range('bytes=0-');
    await scene.ask('GET', '/rocket');
    await scene.ask('GET', '/rocket/2.0.0/notes%20(1).zip');
    await flush(scene);
    scene.home.travel(86_400_000);
    await scene.ask('GET', file);
    await flush(scene);
    await scene.ask('GET', file);
    await flush(scene);
    const days = async (query = '') =>
      (await scene.ask('GET', `/api/projects/rocket/statistics${query}`, { as: key })).json.days;
    const first = [
      { day: '2026-11-21', version: '2.0.0', platform: 'linux-x86_64', count: 4 },
      { day: '2026-11-21', version: '2.0.0', platform: 'windows-x86_64', count: 1 },
    ];
    const second = { day: '2026-11-22', version: '2.0.0', platform: 'linux-x86_64', count: 2 };
    assert.deepEqual(await days(), [...first, second]);
    assert.deepEqual(await days('?from=2026-11-22'), [second]);
    assert.deepEqual(await days('?to=2026-11-21'), first);
    assert.deepEqual(await days('?from=2026-11-23&to=2026-11-30'), []);
    const bad = await scene.ask('GET', '/api/projects/rocket/statistics?from=yesterday', { as: key });
    assert.equal(bad.status, 400);
  });
});

test('statistics are for members with the right to read the project', async (t) => {
  const scene = await openPlanesScene(t);
  await openFiles(scene);
  const path = '/api/projects/rocket/statistics';
  const statuses = [
    [{}, 401],
    [await scene.openKey(scene.home, ['read'], 'project:rocket'), 200],
    [await scene.openKey(scene.home, ['read'], 'project:other-app'), 404],
    [await scene.openKey(scene.home, ['upload']), 403],
    [await scene.openKey(scene.other, ['read']), 404],
    [await scene.openPerson(scene.home, 'viewer'), 200],
  ] as const;
  for (const [as, status] of statuses) assert.equal((await scene.ask('GET', path, { as })).status, status);
});

test('neither the database nor the log nor any other file knows who downloaded', async (t) => {
  const scene = await openPlanesScene(t, { environment: { SIGNPOST_TRUSTED_PROXIES: '127.0.0.1' } });
  await openFiles(scene);
  const address = '203.0.113.77';
  const agent = 'A-Rather-Special-Downloader/7.1';
  const headers = { 'x-forwarded-for': address, 'user-agent': agent, referer: 'https://special-referer.example/' };
  for (const path of [file, '/rocket', '/rocket/info', '/api/projects/rocket/manifest'])
    assert.equal((await scene.ask('GET', path, { headers })).status, 200);
  assert.deepEqual(await readCounts(scene), ['2.0.0 linux-x86_64 2']);
  await sql`pragma wal_checkpoint(truncate)`.execute(scene.resources.database.query);
  const folder = scene.resources.config.dataDir;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  assert.ok(paths.some((path) => path.endsWith('signpost.db')));
  const texts = [scene.lines.join('\n'), ...(await Promise.all(paths.map((path) => readFile(path, 'latin1'))))];
  assert.ok(
    texts.some((text) => text.includes('linux-x86_64')),
    'what was counted is found this way',
  );
  for (const secret of [address, agent, 'special-referer'])
    assert.ok(
      texts.every((text) => !text.includes(secret)),
      secret,
    );
});
