/** The list of releases in pages, and what is searched for in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createId } from '../../../src/storage/ids.ts';
import { problem } from '../../planes-problem.ts';
import { addStoredDraft, type Credential, openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

const releases = '/api/projects/rocket/releases';

interface Page {
  readonly releases: readonly { readonly version: string }[];
  readonly next: string | null;
}

/** One page, as the versions on it and what the next one comes after. */
async function ask({ ask }: PlanesScene, as: Credential, query: Record<string, string>) {
  const { json } = await ask('GET', `${releases}?${new URLSearchParams(query)}`, { as });
  const page = json as unknown as Page;
  return { versions: page.releases.map(({ version }) => version), next: page.next };
}

/** Drafts without files: their order is that of `versions`. */
async function addDrafts({ resources }: PlanesScene, projectId: string, versions: readonly string[]): Promise<void> {
  const at = resources.now();
  await resources.database.query
    .insertInto('release')
    .values(
      versions.map((version) => ({
        ...{ id: createId(at), project_id: projectId, version, channel: 'stable', state: 'draft' as const },
        ...{ changelog: '{}', min_version: null, reason: null, created_at: at, activated_at: null, deleted_at: null },
      })),
    )
    .execute();
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `2.0.${index}`);

forEachEngine((_engine, open) => {
  test('pages of releases hold each once, the newest first, also when some come and go meanwhile', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId, key } = await openShop(scene);
    await addDrafts(scene, projectId, numbered(8));
    const first = await ask(scene, key, { limit: '4' });
    assert.deepEqual(first.versions, ['2.0.7', '2.0.6', '2.0.5', '2.0.4']);
    await addStoredDraft(scene, { projectId, version: '3.0.0' });
    const { query } = scene.resources.database;
    await query.deleteFrom('release').where('version', '=', '2.0.4').execute();
    const second = await ask(scene, key, { limit: '4', after: first.next ?? '' });
    assert.deepEqual(second.versions, ['2.0.3', '2.0.2', '2.0.1', '2.0.0']);
    const third = await ask(scene, key, { limit: '4', after: second.next ?? '' });
    assert.deepEqual(third, { versions: ['1.0.0'], next: null });
    const whole = await ask(scene, key, {});
    assert.deepEqual(whole, {
      versions: ['3.0.0', ...numbered(8).reverse(), '1.0.0'].filter((v) => v !== '2.0.4'),
      next: null,
    });
    assert.deepEqual(
      await ask(scene, {}, { limit: '1' }),
      { versions: ['1.0.0'], next: null },
      'drafts are no strangers’ business',
    );
  });

  test('a search for releases finds parts of version and channel, in either case and as they are written', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId, key } = await openShop(scene);
    await addStoredDraft(scene, { projectId, version: '2.0.0-RC.1', channel: 'early_birds' });
    await addStoredDraft(scene, { projectId, version: '2.0.0+b' });
    const find = async (search: string) => (await ask(scene, key, { search, limit: '50' })).versions;
    assert.deepEqual(await find('rc.'), ['2.0.0-RC.1']);
    assert.deepEqual(await find('EARLY_'), ['2.0.0-RC.1']);
    assert.deepEqual(await find('0+B'), ['2.0.0+b']);
    assert.deepEqual(await find('2.0.0'), ['2.0.0+b', '2.0.0-RC.1']);
    for (const wild of ['%', '_0', '2.0_0', '*', '?', '[0-9]', '.*', '2*', '^2', '0$', '\\d', "'", '(', ']']) {
      assert.deepEqual(await find(wild), [], wild);
    }
    assert.deepEqual(await ask(scene, key, { search: '2.0.0', limit: '1' }).then(({ versions }) => versions), [
      '2.0.0+b',
    ]);
  });

  test('releases are asked for by their state, in pages too, and strangers get no more by it', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { projectId, key } = await openShop(scene);
    await addDrafts(scene, projectId, numbered(3));
    assert.deepEqual(await ask(scene, key, { state: 'active' }), { versions: ['1.0.0'], next: null });
    assert.deepEqual(await ask(scene, key, { state: 'active', search: '2.0' }), { versions: [], next: null });
    const first = await ask(scene, key, { state: 'draft', limit: '2' });
    assert.deepEqual(first.versions, ['2.0.2', '2.0.1']);
    const second = await ask(scene, key, { state: 'draft', limit: '2', after: first.next ?? '' });
    assert.deepEqual(second, { versions: ['2.0.0'], next: null });
    assert.deepEqual((await ask(scene, {}, { state: 'draft' })).versions, []);
    const unknown = await scene.ask('GET', `${releases}?state=gone`, { as: key });
    assert.equal(problem(unknown), '400 schema');
  });

  test('a place or a number that no list of releases has is refused', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const { key: as } = await openShop(scene);
    for (const query of [
      'after=1.0.0',
      "after='",
      'after=',
      'limit=0',
      'limit=501',
      'limit=ten',
      `search=${'x'.repeat(201)}`,
    ]) {
      assert.equal(problem(await scene.ask('GET', `${releases}?${query}`, { as })), '400 schema', query);
    }
  });
});
