/** Evidence over HTTP: who reads it, and that what a signed manifest names stays where it is. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { createCycloneDx } from '../../evidence/sboms/documents.ts';
import { problem } from '../../planes-problem.ts';
import { addStoredDraft, openPlanesScene, openShop } from '../../planes-scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

const releases = '/api/projects/rocket/releases';
const bundle = join(
  process.env.SIGNPOST_CONFORMANCE ?? join(import.meta.dirname, '../../../../../../shared/conformance'),
  'sigstore/bundle-verify/happy-path-v0.3/bundle.sigstore.json',
);

forEachEngine((_name, open) => {
  test('the evidence of a draft is for members, and what was published can be read by all and removed by nobody', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId, key: as } = await openShop(scene);
    const manager = await scene.openKey(scene.home, ['manage']);
    const stranger = await scene.openKey(scene.home, ['read'], 'project:other');
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    const body = await readFile(bundle, 'utf8');
    const urls: string[] = [];
    const uploader = await scene.openKey(scene.home, ['upload']);
    for (const [version, author] of [
      ['1.0.0', manager],
      ['2.0.0', uploader],
    ] as const) {
      const attached = await scene.ask('POST', `${releases}/${version}/evidence`, { as: author, body });
      assert.equal(attached.status, 201);
      urls.push(`${releases}/${version}/evidence/${attached.json.sha256}`);
    }
    const [published = '', draft = ''] = urls;

    const served = await scene.ask('GET', published);
    assert.equal(served.body.toString(), body);
    assert.deepEqual(
      [
        served.headers['cache-control'],
        served.headers['content-disposition'],
        served.headers['x-content-type-options'],
      ],
      ['public, max-age=86400', 'attachment', 'nosniff'],
    );
    for (const path of [draft, `${releases}/2.0.0/evidence`]) {
      assert.equal(problem(await scene.ask('GET', path)), '404 not_found');
      assert.equal(problem(await scene.ask('GET', path, { as: stranger })), '404 not_found');
      const read = await scene.ask('GET', path, { as });
      assert.deepEqual([read.status, read.headers['cache-control']?.includes('public')], [200, false]);
    }

    assert.equal(problem(await scene.ask('DELETE', published, { as: manager })), '409 release-state');
    assert.equal((await scene.ask('GET', published)).status, 200);
    assert.equal((await scene.ask('DELETE', draft, { as: manager })).status, 204);
    assert.equal(problem(await scene.ask('GET', draft, { as })), '404 not_found');
  });

  test('a key that only uploads says nothing of what was published, and answers no vulnerability', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    const as = await scene.openKey(scene.home, ['upload']);
    const body = await readFile(bundle, 'utf8');
    for (const [method, name] of [
      ['POST', 'evidence'],
      ['PUT', 'sbom'],
    ] as const) {
      const refused = await scene.ask(method, `${releases}/1.0.0/${name}`, { as, body });
      assert.equal(problem(refused), '403 release-state', name);
    }
    assert.equal((await scene.ask('POST', `${releases}/2.0.0/evidence`, { as, body })).status, 201);
    assert.equal((await scene.ask('PUT', `${releases}/2.0.0/vex`, { as, body: '{}' })).status, 403);
  });

  test('a key of another organisation finds neither policy nor evidence, and changes none, at either path', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0' });
    const as = await scene.openKey(scene.other, ['admin', 'manage', 'activate', 'upload', 'read']);
    const body = await readFile(bundle, 'utf8');
    const text = 'policy: 1\napprovals: 1\n';
    for (const prefix of ['', '/o/other']) {
      for (const [method, path, ask] of [
        ['PUT', '/api/projects/rocket/policy', { json: { text } }],
        ['DELETE', '/api/projects/rocket/policy', {}],
        ['GET', '/api/projects/rocket/policy', {}],
        ['POST', `${releases}/2.0.0/evidence`, { body }],
        ['POST', `${releases}/2.0.0/evidence/judge`, {}],
        ['POST', `${releases}/2.0.0/policy-trial`, { json: { text } }],
        ['GET', `${releases}/2.0.0/evidence`, {}],
        ['GET', `${releases}/2.0.0/overrides`, {}],
      ] as const) {
        const { status } = await scene.ask(method, `${prefix}${path}`, { as, ...ask });
        assert.ok([401, 403, 404].includes(status), `${method} ${prefix}${path}: ${status}`);
        if (prefix !== '') assert.equal(status, 404, `${method} ${prefix}${path}`);
      }
    }
    const { query } = scene.resources.database;
    assert.deepEqual(await query.selectFrom('release_policy').selectAll().execute(), []);
    const attached = query.selectFrom('evidence_document').selectAll().where('origin', '=', 'attached');
    assert.deepEqual(await attached.execute(), []);
  });

  test('an SBOM that a manifest may name is served by its digest after another took its place', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { key: as } = await openShop(scene);
    const { json } = await scene.ask('GET', `${releases}/1.0.0`);
    const sha256 = (json.artifacts as { sha256: string }[])[0]?.sha256 ?? '';
    const digests: string[] = [];
    for (const document of [createCycloneDx(sha256), createCycloneDx(sha256, { components: [], dependencies: [] })]) {
      const body = JSON.stringify(document);
      const attached = await scene.ask('PUT', `${releases}/1.0.0/sbom`, { as, body });
      assert.equal(attached.status, 200);
      digests.push(String(attached.json.sha256));
    }
    for (const digest of digests) {
      const served = await scene.ask('GET', `${releases}/1.0.0/evidence/${digest}`);
      assert.equal(served.status, 200, digest);
    }
  });
});
