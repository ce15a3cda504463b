/** SBOMs over HTTP: attached, read, searched, compared. */
import assert from 'node:assert/strict';
import { readdir, readlink } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { listReferencedBlobs } from '../../../src/doctor/store.ts';
import { createSbomInspection } from '../../../src/evidence/sboms/inspection.ts';
import { createCycloneDx, createLibrary, createXml } from '../../evidence/sboms/documents.ts';
import { createQuickInspection } from '../../evidence/sboms/quick-inspection.ts';
import { problem } from '../../planes-problem.ts';
import { addStoredDraft, type Credential, openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

const releases = '/api/projects/rocket/releases';

function attach(
  scene: PlanesScene,
  version: string,
  { as, document, query = '' }: { as?: Credential; document: object | string; query?: string },
) {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  return scene.ask('PUT', `${releases}/${version}/sbom${query}`, { ...(as && { as }), body });
}

async function mainDigest(scene: PlanesScene, version: string, as: Credential): Promise<string> {
  const { json } = await scene.ask('GET', `${releases}/${version}`, { as });
  return (json.artifacts as { sha256: string }[])[0]?.sha256 ?? '';
}

function namesOf(json: Readonly<Record<string, unknown>>): string[] {
  return (json.components as { name: string }[]).map(({ name }) => name);
}

/** How many of this process' open files have the digest in their path. */
async function countOpen(sha256: string): Promise<number> {
  const fds = await readdir('/proc/self/fd');
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return paths.filter((path) => path.endsWith(sha256.slice(2))).length;
}

test('whoever asks for headers alone leaves no file open', async (t) => {
  const scene = await openPlanesScene(t);
  const { key: as } = await openShop(scene);
  const main = await mainDigest(scene, '1.0.0', as);
  const document = `${JSON.stringify(createCycloneDx(main))}${' '.repeat(500_000)}`;
  const { json } = await attach(scene, '1.0.0', { as, document });
  for (const path of [`${releases}/1.0.0/sbom`, `${releases}/1.0.0/evidence/${json.sha256}`]) {
    for (let time = 0; time < 3; time += 1) {
      const { status, headers } = await scene.ask('HEAD', path);
      assert.deepEqual([status, headers['content-length']], [200, String(document.length)], path);
    }
    assert.equal(await countOpen(String(json.sha256)), 0, path);
  }
});

forEachEngine((engine, open) => {
  // The thread for each document is the same on both.
  const inspectSbom = engine === 'SQLite' ? createSbomInspection() : createQuickInspection();

  describe('SBOMs over HTTP', () => {
    test('one is attached, served to everybody as it came, searched, replaced, and compared with that of another release', async (t) => {
      const scene = await openPlanesScene(t, { database: await open(), inspectSbom });
      const { projectId, key: as } = await openShop(scene);
      const sha256 = await mainDigest(scene, '1.0.0', as);
      const document = createCycloneDx(sha256);
      const attached = await attach(scene, '1.0.0', { as, document });
      assert.deepEqual([attached.status, attached.json.components, attached.json.origin], [200, 2, 'attached']);

      const known = await listReferencedBlobs(scene.resources.database.query, scene.home.caller.organisationId);
      assert.ok(
        known.some(({ sha256: blob }) => blob === attached.json.sha256),
        'the doctor knows whose file it is',
      );

      const served = await scene.ask('GET', `${releases}/1.0.0/sbom`);
      assert.deepEqual(JSON.parse(served.body.toString()), document);
      assert.equal(served.headers['content-type'], 'application/vnd.cyclonedx+json; version=1.6');
      const again = await scene.ask('GET', `${releases}/1.0.0/sbom`, {
        headers: { 'if-none-match': String(served.headers.etag) },
      });
      assert.equal(again.status, 304);

      await addStoredDraft(scene, { projectId, version: '2.0.0' });
      const newer = await mainDigest(scene, '2.0.0', as);
      const components = [createLibrary('lodash', '4.17.21'), createLibrary('left-pad', '1.3.0', 'WTFPL')];
      const next = createCycloneDx(newer, { components, dependencies: [] });
      assert.equal((await attach(scene, '2.0.0', { as, document: createCycloneDx(newer) })).status, 200);
      assert.equal((await attach(scene, '2.0.0', { as, document: next })).status, 200);

      assert.equal(problem(await scene.ask('GET', `${releases}/2.0.0/sbom`)), '404 not_found');
      const draft = await scene.ask('GET', `${releases}/2.0.0/sbom`, { as });
      assert.deepEqual(
        [served, draft].map(({ headers }) => [headers['cache-control'], headers['content-disposition']]),
        [
          ['public, max-age=60', 'attachment'],
          ['private, no-store', 'attachment'],
        ],
        'no cache on the way keeps a draft for strangers',
      );
      const summary = await scene.ask('GET', `${releases}/2.0.0/sbom/summary`, { as });
      const [only, ...others] = summary.json.sboms as { findings: { rule: string }[] }[];
      assert.deepEqual([others.length, only?.findings.map(({ rule }) => rule)], [0, ['ntia_relationships']]);

      const difference = await scene.ask('GET', `${releases}/2.0.0/sbom/difference?from=1.0.0`, { as });
      const { added, removed, upgraded } = difference.json as Record<string, { name: string }[]>;
      assert.deepEqual(
        [added, removed, upgraded].map((list) => list?.map(({ name }) => name).join()),
        ['left-pad', 'tslib', 'lodash'],
      );

      const search = async (query: string) =>
        namesOf((await scene.ask('GET', `/api/components?${query}`, { as })).json).join();
      assert.equal(await search('name=LODA'), 'lodash,lodash');
      assert.equal(await search('name=%25'), '');
      assert.equal(await search('purl=pkg:npm/lodash@4.17.21'), 'lodash');
      assert.equal(await search('licence=wtf'), 'left-pad');
      assert.equal(await search('component_version=2.6.0&project=rocket'), 'tslib');
      assert.equal(await search('project=other'), '');
      assert.equal(problem(await scene.ask('GET', '/api/components?purl=x', { as })), '400 purl');

      const first = await scene.ask('GET', `${releases}/1.0.0/sbom/components?limit=1`);
      const second = await scene.ask('GET', `${releases}/1.0.0/sbom/components?limit=1&after=${first.json.next}`);
      assert.deepEqual([...namesOf(first.json), ...namesOf(second.json)], ['lodash', 'tslib']);

      const { database } = scene.resources;
      const past = await database.query.selectFrom('sbom').select('state').where('state', '=', 'past').execute();
      assert.equal(past.length, 1);
      const acts = await database.query
        .selectFrom('audit_event')
        .select('action')
        .where('action', '=', 'sbom.attached')
        .execute();
      assert.equal(acts.length, 3);
      await verifyAuditChain(database);
    });

    test('what is refused changes nothing, and names the rule', async (t) => {
      const scene = await openPlanesScene(t, { database: await open(), inspectSbom });
      const { key: as } = await openShop(scene);
      const sha256 = await mainDigest(scene, '1.0.0', as);
      const wrong = createCycloneDx('00'.repeat(32));
      assert.equal(problem(await attach(scene, '1.0.0', { as, document: wrong })), '422 sbom-digest-mismatch');
      assert.equal(problem(await attach(scene, '1.0.0', { as, document: 'x' })), '422 sbom-malformed');
      assert.equal(problem(await attach(scene, '1.0.0', { document: createXml(sha256) })), '401 unauthenticated');
      const reader = await scene.openKey(scene.home, ['read']);
      assert.match(problem(await attach(scene, '1.0.0', { as: reader, document: wrong })), /^403 role/);
      const stranger = await scene.openPerson(scene.other, 'admin');
      assert.match(problem(await attach(scene, '1.0.0', { as: stranger, document: wrong })), /^40[134]/);
      const query = `?artifact=${'00'.repeat(32)}`;
      assert.equal(problem(await attach(scene, '1.0.0', { as, document: wrong, query })), '404 not_found');
      assert.equal(problem(await scene.ask('GET', `${releases}/1.0.0/sbom`)), '404 sbom-missing');
      assert.deepEqual(await scene.resources.database.query.selectFrom('sbom').selectAll().execute(), []);
    });

    test('more than a megabyte is taken, and more than the limit is not', async (t) => {
      const environment = { SIGNPOST_MAX_SBOM_MB: '2' };
      const scene = await openPlanesScene(t, { database: await open(), environment });
      const { key: as } = await openShop(scene);
      const sha256 = await mainDigest(scene, '1.0.0', as);
      const many = (count: number) => Array.from({ length: count }, (_, index) => createLibrary(`n${index}`, '1.0.0'));
      const large = createCycloneDx(sha256, { components: many(9000), dependencies: [] });
      assert.equal((await attach(scene, '1.0.0', { as, document: large })).json.components, 9000);
      const tooLarge = createCycloneDx(sha256, { components: many(18_000), dependencies: [] });
      assert.match(problem(await attach(scene, '1.0.0', { as, document: tooLarge })), /^413/);
    });

    test('XML is served as XML', async (t) => {
      const scene = await openPlanesScene(t, { database: await open(), inspectSbom });
      const { key: as } = await openShop(scene);
      const document = createXml(await mainDigest(scene, '1.0.0', as));
      assert.equal((await attach(scene, '1.0.0', { as, document })).status, 200);
      const served = await scene.ask('GET', `${releases}/1.0.0/sbom`);
      assert.equal(served.headers['content-type'], 'application/vnd.cyclonedx+xml; version=1.6');
      assert.equal(served.body.toString(), document);
    });
  });
});
