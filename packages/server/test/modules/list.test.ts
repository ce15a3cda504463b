/** The managers' lists in pages: of modules, with what is searched for in it, and of what was handed in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createId } from '../../src/storage/ids.ts';
import { problem } from '../planes-problem.ts';
import { openPlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { openAuthorDesk } from './author-desk.ts';

const modules = '/api/collections/addons/modules';

forEachEngine((_engine, open) => {
  test('pages of modules hold each once, by slug, and none of another collection or deleted', async (t) => {
    const scene = await openPlanesScene(t, { database: await open() });
    const as = await scene.openKey(scene.home, ['read', 'manage']);
    for (const slug of ['addons', 'others']) await scene.ask('POST', '/api/collections', { as, json: { slug } });
    const add = (slug: string, name: object, collection = 'addons') =>
      scene.ask('POST', `/api/collections/${collection}/modules`, { as, json: { slug, name } });
    const list = async (query: Record<string, string>) => {
      const { json } = await scene.ask('GET', `${modules}?${new URLSearchParams(query)}`, { as });
      return { slugs: (json.modules as { slug: string }[]).map(({ slug }) => slug), next: json.next };
    };
    for (const slug of ['maps', 'chat', 'tasks']) await add(slug, { en: slug, de: `Über ${slug} 100%` });
    await add('gone', { en: 'gone' });
    await scene.ask('DELETE', `${modules}/gone`, { as });
    await add('elsewhere', { en: 'maps' }, 'others');
    assert.deepEqual(await list({}), { slugs: ['chat', 'maps', 'tasks'], next: null });
    assert.deepEqual(await list({ limit: '2' }), { slugs: ['chat', 'maps'], next: 'maps' });
    for (const slug of ['aaa', 'notes']) await add(slug, { en: slug });
    assert.deepEqual(await list({ limit: '2', after: 'maps' }), { slugs: ['notes', 'tasks'], next: null });
    assert.deepEqual(await list({ search: 'üBER MAPS 100%', limit: '9' }), { slugs: ['maps'], next: null });
    assert.deepEqual(await list({ search: 'AS', limit: '1' }), { slugs: ['tasks'], next: null });
    for (const wild of ['m_ps', '%%', '*', 'm.ps', '"de"'])
      assert.deepEqual((await list({ search: wild })).slugs, [], wild);
    for (const query of ['after=no%20slug', 'limit=0', 'limit=501']) {
      assert.equal(problem(await scene.ask('GET', `${modules}?${query}`, { as })), '400 schema', query);
    }
  });

  test('a page that submissions end with is the last one, and one more makes another', async (t) => {
    const { scene, addAuthor, handIn, manage } = await openAuthorDesk(t, await open());
    const { json } = await handIn(await addAuthor('Ada'));
    const { query } = scene.resources.database;
    const one = await query.selectFrom('submission').selectAll().executeTakeFirstOrThrow();
    const add = (count: number) => {
      const rows = Array.from({ length: count }, () => {
        const id = createId(Date.now());
        return { ...one, id, upload_id: id, state: 'refused' as const };
      });
      return query.insertInto('submission').values(rows).execute();
    };
    const list = async (before = '') => {
      const answer = await manage('GET', `/api/modules/addons/submissions${before}`);
      return { count: (answer.json.submissions as unknown[]).length, next: answer.json.next };
    };
    assert.deepEqual(await list(), { count: 1, next: null });
    await add(99);
    assert.deepEqual(await list(), { count: 100, next: null });
    await add(1);
    const { count, next } = await list();
    assert.equal(count, 100);
    assert.notEqual(next, json.id, 'that is the one behind it');
    assert.deepEqual(await list(`?before=${next}`), { count: 1, next: null });
  });
});
