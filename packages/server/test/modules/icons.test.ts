/** Icons over HTTP: what is taken, what is served and as what, and what is missing. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import sharp from 'sharp';
import { examine } from '../../src/doctor/doctor.ts';
import { addPngChunk, claimSides, makeRaster, makeSvg } from '../images/pictures.ts';
import { type Answer, type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { publish } from './shop.ts';

const modules = '/api/collections/addons/modules';
const icon = `${modules}/maps/icon`;
const shown = '/api/modules/addons/maps/icon';
const base = 'https://releases.example';
const drawing = makeSvg('<circle cx="32" cy="32" r="30" fill="#36c"/>');

suite('the icons of modules', () => {
  let scene: PlanesScene;
  let manager: Credential;

  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });
  before(async () => {
    const t = { after: (close: unknown) => void closers.push(close as () => unknown) };
    scene = await openPlanesScene(t as never, { environment: { SIGNPOST_BASE_URL: base } });
    manager = await scene.openPerson(scene.home, 'manager');
    await scene.home.openServerKey(1);
    const made = { slug: 'addons', name: 'Add-ons' };
    assert.equal((await scene.ask('POST', '/api/collections', { as: manager, json: made })).status, 201);
    for (const slug of ['maps', 'bare']) {
      const json = { slug, scan: 'off' };
      assert.equal((await scene.ask('POST', modules, { as: manager, json })).status, 201);
    }
    await release('maps');
  });

  async function release(slug: string): Promise<void> {
    const { database, catalogues, published } = scene.resources;
    const row = await database.query
      .selectFrom('project')
      .select('id')
      .where('slug', '=', slug)
      .executeTakeFirstOrThrow();
    const dependencies = { ...scene.home.dependencies, catalogues, baseUrl: base };
    await publish({ ...scene.home, dependencies }, { slug, projectId: row.id });
    published(scene.home.caller.organisationId);
  }

  const set = (body: Buffer, path = icon): Promise<Answer> => scene.ask('PUT', path, { as: manager, body });

  async function readEntry(): Promise<Record<string, unknown> | undefined> {
    const { json } = await scene.ask('GET', '/api/modules/addons');
    return (json.modules as Record<string, unknown>[]).find(({ slug }) => slug === 'maps');
  }

  async function listMissing(): Promise<unknown[]> {
    const rows = await scene.resources.database.query
      .selectFrom('audit_event')
      .select(['actor_kind', 'object_id', 'outcome', 'detail'])
      .where('action', '=', 'module.icon_missing')
      .orderBy('sequence')
      .execute();
    return rows.map(({ detail, ...row }) => ({ ...row, ...JSON.parse(String(detail)) }));
  }

  test('a picture is written anew, and shown by the signed catalogue at an address of its content', async () => {
    const program = '<?php system($_GET["c"]); ?>';
    const hidden = Buffer.concat([
      addPngChunk(await makeRaster('png'), 'tEXt', `Comment\0${program}`),
      Buffer.from(program),
    ]);
    const { status, json } = await set(hidden);
    assert.equal(status, 200);
    assert.deepEqual([json.media_type, json.width, json.height, json.png_path], ['image/png', 64, 64, json.path]);
    const entry = await readEntry();
    assert.equal(entry?.image_url, `${base}${json.path}`);
    const served = await scene.ask('GET', String(json.path));
    assert.deepEqual([served.status, served.headers['content-type']], [200, 'image/png']);
    assert.equal(served.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(served.headers.etag, `"${json.sha256}"`);
    assert.ok(!served.body.includes('<?php'));
    assert.equal((await sharp(served.body).metadata()).format, 'png');
    const unchanged = await scene.ask('GET', String(json.path), {
      headers: { 'if-none-match': String(served.headers.etag) },
    });
    assert.deepEqual([unchanged.status, unchanged.body.length], [304, 0]);
    const listed = await scene.ask('GET', `${modules}/maps`, { as: manager });
    assert.deepEqual(listed.json.icon, json);
  });

  test('the same picture again changes nothing, and another one replaces it', async () => {
    const first = await set(await makeRaster('png', 32));
    const version = (await scene.ask('GET', '/api/modules/addons')).json.version;
    assert.deepEqual((await set(await makeRaster('png', 32))).json, first.json);
    assert.equal((await scene.ask('GET', '/api/modules/addons')).json.version, version);
    const second = await set(await makeRaster('jpeg', 48));
    assert.deepEqual([second.json.media_type, second.json.png_path], ['image/jpeg', null]);
    assert.equal((await scene.ask('GET', String(first.json.path))).status, 404);
    assert.equal((await scene.ask('GET', shown)).headers['content-type'], 'image/jpeg');
    assert.equal((await scene.ask('GET', `${shown}.png`)).status, 404, 'a photograph has no PNG beside it');
  });

  test('a drawing is served in a sandbox that loads nothing, and the catalogue shows its PNG', async () => {
    const { json } = await set(drawing);
    assert.match(String(json.path), /\.svg$/);
    const served = await scene.ask('GET', shown);
    assert.equal(served.headers['content-type'], 'image/svg+xml');
    const policy = String(served.headers['content-security-policy']);
    assert.match(policy, /default-src 'none';.*; sandbox$/);
    assert.equal(served.headers['x-content-type-options'], 'nosniff');
    const png = await scene.ask('GET', `${shown}.png`);
    assert.equal(png.headers['content-type'], 'image/png');
    assert.equal((await sharp(png.body).metadata()).width, 256);
    assert.equal((await readEntry())?.image_url, `${base}${json.png_path}`);
    const head = await scene.ask('HEAD', shown);
    assert.deepEqual([head.status, head.body.length, head.headers.etag], [200, 0, served.headers.etag]);
  });

  test('hostile and unfit pictures are refused by name, and the icon stays', async () => {
    const before = (await scene.ask('GET', shown)).headers.etag;
    const png = await makeRaster('png');
    const refused: readonly [Buffer, string][] = [
      [Buffer.alloc(0), 'image-empty'],
      [Buffer.from('<?php system("id"); ?>'), 'image-type'],
      [Buffer.concat([png.subarray(0, 40), Buffer.from('<?php ?>')]), 'image-decode'],
      [claimSides(png, 50_000, 50_000), 'image-pixels'],
      [await makeRaster('gif'), 'image-type'],
      [await makeRaster('png', 8), 'image-dimensions'],
      [Buffer.alloc(600 * 1024, png), 'image-bytes'],
      [makeSvg('<script>alert(1)</script>'), 'svg-script'],
      [makeSvg('<image href="https://evil.example/x.png"/>'), 'svg-element'],
      [makeSvg('<circle r="1" onload="alert(1)"/>'), 'svg-event'],
      [Buffer.from('<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>'), 'svg-doctype'],
    ];
    for (const [bytes, rule] of refused) {
      const answer = await set(bytes);
      assert.deepEqual([answer.status, answer.json.rule], [422, rule]);
    }
    assert.equal((await set(Buffer.alloc(2 * 1024 * 1024, png))).status, 413);
    assert.equal((await scene.ask('GET', shown)).headers.etag, before);
  });

  test('names of another form are refused before anything is looked up by them', async () => {
    // Work behind earlier events asks for projects too.
    await scene.relay.drain();
    const asked: string[] = [];
    const { query } = scene.resources.database;
    const selectFrom = query.selectFrom.bind(query);
    // What the guard asks for itself is on the list in any case.
    const note = (table: never) => {
      asked.push(String(table));
      return selectFrom(table);
    };
    Object.assign(query, { selectFrom: note });
    try {
      const digest = 'a'.repeat(64);
      for (const path of [
        '/api/modules/addons/..%2f..%2fmaps/icon',
        '/api/modules/..%2faddons/maps/icon',
        '/api/modules/addons/%2e%2e%5cmaps/icon.png',
        '/api/modules/addons/maps%00/icon',
        '/api/icons/..%2f..%2f..%2fetc%2fpasswd',
        `/api/icons/${digest}.png%2f..`,
        `/api/icons/${digest}.gif`,
        `/api/icons/${digest.toUpperCase()}.png`,
        '/api/icons/x.png',
      ]) {
        const status = await sendRaw(scene.url, path);
        assert.ok(status === 400 || (path.includes('%00') && status === 404), `${path}: ${status}`);
      }
      const lookUps = /^(?:project|module|module_icon)\b/;
      assert.ok(!asked.some((table) => lookUps.test(table)), asked.join());
      assert.equal(await sendRaw(scene.url, '/api/modules/addons/absent/icon'), 404);
      assert.ok(
        asked.some((table) => lookUps.test(table)),
        'a name of the right form is looked up',
      );
    } finally {
      Object.assign(query, { selectFrom });
    }
    const put = await scene.ask('PUT', `${modules}/..%2fmaps/icon`, { as: manager, body: drawing });
    assert.deepEqual([put.status, put.json.rule], [400, 'schema']);
  });

  test('a module without an icon and an icon without its file are one 404 to strangers, and two in the audit log', async () => {
    const { path, sha256 } = (await set(drawing)).json;
    const blob = join(scene.resources.config.dataDir, 'blobs', String(sha256).slice(0, 2), String(sha256).slice(2));
    const answers = [await scene.ask('GET', '/api/modules/addons/bare/icon')];
    await rm(blob, { force: true });
    answers.push(await scene.ask('GET', shown), await scene.ask('GET', String(path)));
    await writeFile(blob, 'something else');
    answers.push(await scene.ask('GET', String(path)));
    answers.push(await scene.ask('GET', '/api/modules/addons/nothing/icon'));
    answers.push(await scene.ask('GET', '/api/modules/nothing/maps/icon'));
    answers.push(await scene.ask('GET', `/api/icons/${'0'.repeat(64)}.png`));
    for (const { status, body } of answers) {
      assert.equal(status, 404);
      assert.equal(body.toString(), answers[0]?.body.toString());
    }
    const row = { actor_kind: 'anonymous', outcome: 'refused' };
    assert.deepEqual(await listMissing(), [
      { ...row, object_id: 'bare', missing: 'row' },
      { ...row, object_id: 'maps', missing: 'file', sha256 },
    ]);
    const told = scene.lines.map((line) => JSON.parse(line)).filter(({ missing }) => missing !== undefined);
    assert.deepEqual(
      told.map(({ level, module, missing }) => [level, module, missing]),
      [
        [30, 'bare', 'row'],
        [50, 'maps', 'file'],
      ],
    );
  });

  test('the doctor finds rows without a file and files without a row', async () => {
    const organisationId = scene.home.caller.organisationId;
    const { sha256 } = (await scene.ask('GET', `${modules}/maps`, { as: manager })).json.icon as { sha256: string };
    const find = async () =>
      (await examine({ ...scene.resources, now: () => Date.now() + 2 * 86_400_000 }, organisationId)).filter(
        ({ code }) => ['icon-missing', 'blob-orphans', 'blob-missing'].includes(code),
      );
    const damaged = await find();
    assert.deepEqual(
      damaged.filter(({ code }) => code === 'icon-missing').map(({ message }) => message),
      [`the file ${sha256.slice(0, 16)}… of the icon of maps is 14 bytes, not ${drawing.length}`],
    );
    const mended = await set(drawing);
    assert.equal(mended.status, 200);
    assert.equal((await scene.ask('GET', shown)).status, 200, 'the same picture again mends the file');
    assert.deepEqual(
      (await find()).filter(({ code }) => code === 'icon-missing'),
      [],
    );
    const orphan = 'ab'.repeat(32);
    const path = join(scene.resources.config.dataDir, `new-${orphan}`);
    await writeFile(path, 'of nobody');
    await scene.resources.blobs.adopt(path, orphan);
    const [found] = (await find()).filter(({ code }) => code === 'blob-orphans');
    assert.match(String(found?.message), /^1 stored files belong to no release, icon or picture$/);
  });

  test('a removed icon is gone from the catalogue and from its address', async () => {
    const { path } = (await set(drawing)).json;
    assert.equal((await scene.ask('DELETE', icon, { as: manager })).status, 204);
    assert.equal((await readEntry())?.image_url, undefined);
    assert.equal((await scene.ask('GET', String(path))).status, 404);
    assert.equal((await scene.ask('DELETE', icon, { as: manager })).status, 204);
    const actions = await scene.resources.database.query
      .selectFrom('audit_event')
      .select('action')
      .where('action', 'in', ['module.icon_set', 'module.icon_removed'])
      .orderBy('sequence', 'desc')
      .limit(2)
      .execute();
    assert.deepEqual(
      actions.map(({ action }) => action),
      ['module.icon_removed', 'module.icon_set'],
    );
  });

  test('viewers, strangers and other organisations set nothing, and see none of another one', async () => {
    const viewer = await scene.openPerson(scene.home, 'viewer');
    assert.equal((await scene.ask('PUT', icon, { as: viewer, body: drawing })).status, 403);
    assert.equal((await scene.ask('PUT', icon, { body: drawing })).status, 401);
    const stranger = await scene.openPerson(scene.other, 'admin');
    const elsewhere = { as: stranger, headers: { host: 'other.example' }, body: drawing };
    assert.equal((await scene.ask('PUT', icon, elsewhere)).status, 404);
    const { path } = (await set(drawing)).json;
    assert.equal((await scene.ask('GET', `/o/other${path}`)).status, 404);
    assert.equal((await scene.ask('GET', String(path))).status, 200);
  });
});

/** Byte for byte: clients and parsers of URLs take dots away. */
function sendRaw(url: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
    });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])));
  });
}
