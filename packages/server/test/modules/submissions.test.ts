/** Authors hand in, managers decide: over HTTP, through the pipeline of every upload, on both engines. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { maxHourly, maxOpen, maxProposed } from '../../src/modules/submissions/limits.ts';
import { settleSubmissions } from '../../src/modules/submissions/settle.ts';
import { freeDiscarded } from '../../src/releases/discarded/discard.ts';
import { pruneUploads } from '../../src/releases/uploads/upload.ts';
import roles from '../../src/roles.json' with { type: 'json' };
import { problem } from '../planes-problem.ts';
import { dayMs } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { type AuthorDesk, bytesOf, openAuthorDesk } from './author-desk.ts';

forEachEngine((engine, open) => {
  suite(`submissions on ${engine}`, () => {
    test('a version goes from an author to the catalogue, and only through a manager', async (t) => {
      const { scene, addAuthor, handIn, manage } = await openAuthorDesk(t, await open());
      const ada = await addAuthor('Ada');
      const facts = { name: { en: 'Maps', de: 'Karten' }, category: 'Tools', requires_permissions: ['files.read'] };
      const handed = await handIn(ada, { extra: { facts, changelog: { en: 'First' } } });
      assert.deepEqual([handed.json.state, handed.json.is_new_module], ['submitted', true]);
      assert.deepEqual([handed.json.facts, handed.json.changelog], [facts, { en: 'First' }]);
      const page = (await scene.ask('GET', '/maps/info')).body.toString();
      assert.doesNotMatch(page, /Karten|Tools/, 'strangers read nothing that nobody has approved');

      const blocked = await manage('POST', '/api/projects/maps/releases/1.0.0/activate');
      assert.equal(problem(blocked), '409 submission-unreviewed');
      const path = `/api/modules/addons/submissions/${handed.json.id}`;
      const approved = await manage('POST', `${path}/approve`, { note: 'Well done', activate: true });
      assert.equal(approved.status, 200, approved.body.toString());
      assert.deepEqual(
        [approved.json.state, approved.json.note, (approved.json.activation as { state: string }).state],
        ['approved', 'Well done', 'active'],
      );
      const [entry] = (await scene.ask('GET', '/api/modules/addons')).json.modules as Record<string, unknown>[];
      assert.deepEqual(
        [entry?.slug, entry?.name, entry?.current_version, entry?.trust_level, entry?.requires_permissions],
        ['maps', facts.name, '1.0.0', 'community', ['files.read']],
      );
      assert.equal(problem(await manage('POST', `${path}/approve`, {})), '409 submission-state');
      assert.equal(problem(await manage('POST', `${path}/refuse`, { reason: 'no' })), '409 submission-state');
      assert.equal((await scene.ask('GET', path, { as: ada.as })).json.note, 'Well done');
    });

    test('a refusal is read by the author, and leaves the version to be handed in again, with other bytes', async (t) => {
      const { scene, addAuthor, handIn, manage } = await openAuthorDesk(t, await open());
      const ada = await addAuthor('Ada');
      const { json } = await handIn(ada);
      const path = `/api/modules/addons/submissions/${json.id}`;
      assert.equal((await manage('POST', `${path}/refuse`, { reason: 'It does not start.' })).json.state, 'refused');
      const refused = (await scene.ask('GET', path, { as: ada.as })).json;
      assert.deepEqual([refused.note, refused.file], ['It does not start.', json.file], 'what it was stays on record');
      assert.equal((await manage('POST', '/api/projects/maps/releases/1.0.0/restore')).status, 404);
      const again = await handIn(ada, { bytes: bytesOf({ version: '1.0.0-mended' }) });
      assert.equal(again.json.state, 'submitted');
      const activation = () => manage('POST', '/api/projects/maps/releases/1.0.0/activate');
      assert.equal(problem(await activation()), '409 submission-unreviewed');
      await manage('POST', `/api/modules/addons/submissions/${again.json.id}/approve`, {});
      assert.equal((await activation()).status, 200, 'the refusal was of other bytes');
      assert.equal(problem(await handIn(ada)), '409 version-taken', 'what was published is never anything else');
    });

    test('what is refused or withdrawn leaves the disk a day later, and not what came again by then', async (t) => {
      const { scene, addAuthor, handIn, manage } = await openAuthorDesk(t, await open());
      const { blobs, database } = scene.resources;
      const ada = await addAuthor('Ada');
      const [first, second] = [await handIn(ada), await handIn(ada, { version: '1.1.0' })];
      const base = '/api/modules/addons/submissions';
      await manage('POST', `${base}/${first.json.id}/refuse`, { reason: 'no' });
      await scene.ask('POST', `${base}/${second.json.id}/withdraw`, { as: ada.as });
      const measure = async ({ json }: typeof first) => blobs.measure((json.file as { sha256: string }).sha256);
      assert.equal(await freeDiscarded(scene.resources), 0);
      assert.notEqual(await measure(first), undefined, 'a backup may still read it');
      scene.home.travel(dayMs + 1);
      assert.equal((await handIn(ada)).json.state, 'submitted');
      assert.equal(await freeDiscarded(scene.resources), 1);
      assert.equal(await measure(second), undefined);
      assert.notEqual(await measure(first), undefined, 'the same bytes were handed in again');
      assert.deepEqual(await database.query.selectFrom('discarded_blob').selectAll().execute(), []);
    });

    test('a version that is taken says by what', async (t) => {
      const { addAuthor, announce, handIn, manage, scene } = await openAuthorDesk(t, await open());
      const ada = await addAuthor('Ada');
      const told = async (version: string) => String((await announce(ada, { version })).json.detail);
      const begun = await announce(ada);
      assert.match(await told('1.0.0'), /is being sent/);
      const path = `/api/modules/addons/submissions/${begun.json.id}`;
      assert.equal((await scene.ask('POST', `${path}/withdraw`, { as: ada.as })).json.state, 'withdrawn');
      const handed = await handIn(ada);
      assert.equal(handed.json.state, 'submitted', 'nothing had come of the one before');
      assert.match(await told('1.0.0'), /waits for a review/);
      const base = '/api/modules/addons/submissions';
      await manage('POST', `${base}/${handed.json.id}/approve`, {});
      assert.match(await told('1.0.0'), /is approved/);
      await manage('POST', '/api/projects/maps/releases/1.0.0/activate');
      assert.match(await told('1.0.0'), /is in service/);
      await manage('POST', '/api/projects/maps/releases/1.0.0/withdraw', { reason: 'broken' });
      assert.match(await told('1.0.0'), /was withdrawn/);
      const taken = await handIn(ada, { version: '1.1.0' });
      await scene.ask('POST', `${base}/${taken.json.id}/withdraw`, { as: ada.as });
      assert.equal((await handIn(ada, { version: '1.1.0' })).json.state, 'submitted', 'nothing was published of it');
    });

    test('of two authors who ask for one slug at once one has it, and the other is told whose it is not', async (t) => {
      const { addAuthor, announce } = await openAuthorDesk(t, await open());
      const authors = await Promise.all(['Ada', 'Bob', 'Cyd'].map((name) => addAuthor(name)));
      const answers = await Promise.all(authors.map((author) => announce(author, { module: 'chess' })));
      const outcomes = answers.map((answer) => (answer.status === 201 ? '201' : problem(answer))).sort();
      assert.deepEqual(outcomes, ['201', '403 module-owner', '403 module-owner']);
    });

    test('what is put beside a file after its approval goes into service with nobody’s key', async (t) => {
      const { addAuthor, handIn, manage, scene, settle } = await openAuthorDesk(t, await open());
      const { json } = await handIn(await addAuthor('Ada'));
      const ci = await scene.openKey(scene.home, ['upload'], 'project:maps');
      const bytes = bytesOf({ module: 'other' });
      const beside = { version: '1.0.0', name: 'other.zip', size_bytes: bytes.length };
      const begun = await scene.ask('POST', '/api/projects/maps/uploads', { as: ci, json: beside });
      await manage('POST', `/api/modules/addons/submissions/${json.id}/approve`, {});
      await scene.ask('PUT', `/api/projects/maps/uploads/${begun.json.id}?offset=0`, { as: ci, body: bytes });
      await settle();
      const activation = await manage('POST', '/api/projects/maps/releases/1.0.0/activate');
      assert.equal(problem(activation), '409 submission-unreviewed');
    });

    test('of two managers who decide at once one does', async (t) => {
      const { addAuthor, handIn, manage } = await openAuthorDesk(t, await open());
      const { json } = await handIn(await addAuthor('Ada'));
      const path = `/api/modules/addons/submissions/${json.id}`;
      const answers = await Promise.all([
        manage('POST', `${path}/approve`, {}),
        manage('POST', `${path}/refuse`, { reason: 'no' }),
        manage('POST', `${path}/approve`, {}),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
    });

    test('what the inspection refuses fails with its reason, and the version may be handed in again', async (t) => {
      const { addAuthor, handIn } = await openAuthorDesk(t, await open());
      const ada = await addAuthor('Ada');
      const failed = await handIn(ada, { bytes: Buffer.from('no archive at all') });
      assert.equal(failed.json.state, 'failed');
      assert.match(String((failed.json.failure as { rule: string }).rule), /^[a-z-]+$/);
      assert.equal((await handIn(ada)).json.state, 'submitted');
    });

    test('bytes that never come lapse, and the row of an upload that is gone is settled by the clock', async (t) => {
      const { addAuthor, announce, scene } = await openAuthorDesk(t, await open());
      const ada = await addAuthor('Ada');
      const { json } = await announce(ada);
      scene.home.travel(2 * dayMs);
      await pruneUploads(scene.resources);
      await settleSubmissions(scene.resources);
      const shown = await scene.ask('GET', `/api/modules/addons/submissions/${json.id}`, { as: ada.as });
      assert.equal(shown.json.state, 'lapsed');
      assert.equal((await announce(ada)).status, 201);
    });

    test('an event that is lost or comes twice changes nothing: the row is settled once', async (t) => {
      const { addAuthor, handIn, scene } = await openAuthorDesk(t, await open());
      const { json } = await handIn(await addAuthor('Ada'));
      const { query } = scene.resources.database;
      await query.updateTable('outbox').set({ published_at: null }).where('topic', '=', 'upload.accepted').execute();
      await scene.relay.drain();
      await query
        .updateTable('submission')
        .set({ state: 'receiving', release_id: null, artifact_id: null })
        .where('id', '=', String(json.id))
        .execute();
      await settleSubmissions(scene.resources);
      await settleSubmissions(scene.resources);
      const rows = await query.selectFrom('submission').select(['state', 'release_id']).execute();
      assert.deepEqual([rows[0]?.state, rows[0]?.release_id === null], ['submitted', false]);
    });

    test('an author hands in so much and no more, whichever key they use', async (t) => {
      const { addAuthor, announce, scene, manage } = await openAuthorDesk(t, await open());
      const ada = await addAuthor('Ada');
      for (let n = 0; n < maxOpen; n++) {
        assert.equal((await announce(ada, { version: `1.0.${n}` })).status, 201);
      }
      const { json: key } = await manage('POST', `/api/collections/addons/authors/${ada.id}/keys`, {});
      const other = { ...ada, as: { authorization: `Bearer ${key.key}` } };
      assert.equal(problem(await announce(other, { version: '2.0.0' })), '409 submissions-open');
      const { query } = scene.resources.database;
      await query.updateTable('submission').set({ state: 'withdrawn' }).execute();
      for (let n = maxOpen; n < maxHourly; n++) {
        assert.equal((await announce(other, { version: `1.0.${n}` })).status, 201);
      }
      const limited = await announce(ada, { version: '2.0.0' });
      assert.deepEqual([problem(limited), limited.headers['retry-after']], ['429 submissions-hourly', '3600']);
      await query
        .updateTable('submission')
        .set({ state: 'withdrawn', size_bytes: 2 ** 40 })
        .execute();
      scene.home.travel(2 * 3_600_000);
      assert.equal(problem(await announce(ada, { version: '2.0.0' })), '429 submissions-bytes');
      scene.home.travel(dayMs);
      const [first] = await query.selectFrom('submission').select('id').orderBy('id').execute();
      const waiting = query.updateTable('submission').where('id', '=', String(first?.id));
      await waiting.set({ state: 'receiving' }).execute();
      assert.equal(
        problem(await announce(ada, { version: '2.0.0' })),
        '429 submissions-bytes',
        'however long it waits',
      );
      await waiting.set({ state: 'withdrawn' }).execute();
      for (let n = 1; n < maxProposed; n++) await announce(ada, { module: `game-${n}` });
      assert.equal(problem(await announce(ada, { module: 'one-more' })), '409 modules-proposed');
    });
  });
});

suite('the keys of authors', () => {
  test('do on every route what authors do in their collection, and nothing else', async (t) => {
    const { scene, addAuthor } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const mine = Object.entries(roles).filter(([, who]) => who.includes('key:submit'));
    assert.deepEqual(
      mine.map(([name]) => name),
      [
        'GET /api/modules/{collection}/submissions',
        'GET /api/modules/{collection}/submissions/{id}',
        'GET /api/modules/{collection}/submissions/{id}/upload',
        'PUT /api/modules/{collection}/submissions/{id}/upload',
        'POST /api/modules/{collection}/submissions/{id}/withdraw',
        'POST /api/modules/{collection}/submit',
      ],
    );
    for (const [name, who] of Object.entries(roles)) {
      if (who.includes('public') || who.includes('key:submit')) continue;
      const [method = '', path = ''] = name.split(' ');
      const filled = path
        .replace('{collection}', 'addons')
        .replace('{slug}', 'maps')
        .replaceAll(/\{[a-z]+\}/g, 'x');
      const { status } = await scene.ask(method, filled, { as: ada.as });
      // Where a password is typed, attempts are counted before anything else.
      assert.ok([403, 404, 429].includes(status), `${name}: ${status}`);
    }
  });

  test('are of one collection, and if wished of one module', async (t) => {
    const { scene, addAuthor, announce, manage } = await openAuthorDesk(t);
    await manage('POST', '/api/collections', { slug: 'themes' });
    const ada = await addAuthor('Ada');
    assert.equal((await announce({ ...ada, base: '/api/modules/themes' })).status, 404);
    const bob = await addAuthor('Bob', { module: 'chess' });
    assert.equal(problem(await announce(bob, { module: 'maps' })), '403 key-scope');
    assert.equal((await announce(bob, { module: 'chess' })).status, 201);
    const listed = await scene.ask('GET', '/api/modules/addons/submissions', { as: ada.as });
    assert.deepEqual(listed.json.submissions, [], 'nobody sees what others hand in');
    assert.equal(((await manage('GET', '/api/modules/addons/submissions')).json.submissions as unknown[]).length, 1);
    assert.equal(problem(await manage('POST', '/api/modules/addons/submit', {})), '403 role');
  });

  test('are made by managers alone, and by no other way; an author stays the same with another key', async (t) => {
    const { scene, addAuthor, handIn, manage, announce } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    assert.equal((await handIn(ada)).json.state, 'submitted');
    const admin = await scene.openPerson(scene.home, 'admin');
    const plain = { name: 'x', scope: 'collection:addons', verbs: ['submit'] };
    assert.equal((await scene.ask('POST', '/api/api-keys', { as: admin, json: plain })).status, 400);
    const viewer = await scene.openPerson(scene.home, 'viewer');
    const asked = { as: viewer, json: { name: 'Eve' } };
    assert.equal((await scene.ask('POST', '/api/collections/addons/authors', asked)).status, 403);

    const base = `/api/collections/addons/authors/${ada.id}/keys`;
    const { json } = await manage('POST', base, { expires_in_days: 30 });
    assert.equal((await manage('DELETE', `${base}/${ada.keyId}`)).status, 204);
    assert.equal((await announce(ada, { version: '1.1.0' })).status, 401);
    const next = { ...ada, as: { authorization: `Bearer ${json.key}` } };
    assert.equal((await handIn(next, { version: '1.1.0' })).json.state, 'submitted');
    const { authors } = (await manage('GET', '/api/collections/addons/authors')).json;
    const [shown] = authors as { modules: unknown; keys: unknown[] }[];
    assert.deepEqual([shown?.modules, shown?.keys.length], [[{ slug: 'maps', approved: false }], 1]);
    assert.equal((await manage('DELETE', `${base}/${ada.keyId}`)).status, 404);
  });

  test('leave the decision to others: a key that may approve puts nothing into service by the way', async (t) => {
    const { scene, addAuthor, handIn } = await openAuthorDesk(t);
    const { json } = await handIn(await addAuthor('Ada'));
    const path = `/api/modules/addons/submissions/${json.id}/approve`;
    const approve = async (verbs: readonly ('manage' | 'admin' | 'activate')[], activate: boolean) =>
      scene.ask('POST', path, { as: await scene.openKey(scene.home, verbs), json: { activate } });
    assert.equal(problem(await approve(['manage'], true)), '403 role');
    assert.equal(problem(await approve(['admin'], true)), '403 role');
    assert.equal((await approve(['manage'], false)).json.state, 'approved');
    const next = await handIn(await addAuthor('Bob'), { module: 'chess' });
    const both = await scene.ask('POST', `/api/modules/addons/submissions/${next.json.id}/approve`, {
      as: await scene.openKey(scene.home, ['manage', 'activate']),
      json: { activate: true },
    });
    assert.equal((both.json.activation as { state: string }).state, 'active');
  });

  test('a module changes hands by a manager, who is named in the log; what waits of the one before is not approved', async (t) => {
    const desk = await openAuthorDesk(t);
    const { addAuthor, handIn, manage, announce } = desk;
    const [ada, bob] = [await addAuthor('Ada'), await addAuthor('Bob')];
    const { json } = await handIn(ada);
    assert.equal(problem(await announce(bob, { version: '2.0.0' })), '403 module-owner');
    const path = '/api/collections/addons/modules/maps/author';
    assert.equal((await manage('PUT', path, { author: bob.id })).status, 204);
    assert.equal((await announce(bob, { version: '2.0.0' })).status, 201);
    assert.equal(problem(await announce(ada, { version: '3.0.0' })), '403 module-owner');
    const approval = await manage('POST', `/api/modules/addons/submissions/${json.id}/approve`, {});
    assert.equal(problem(approval), '409 module-owner');
    assert.equal(problem(await announce(bob, { version: '1.0.0' })), '409 version-taken');
    const withdrawal = `/api/modules/addons/submissions/${json.id}/withdraw`;
    assert.equal((await desk.scene.ask('POST', withdrawal, { as: ada.as })).json.state, 'withdrawn');
    assert.equal((await announce(bob, { version: '1.0.0' })).status, 201, 'who was before may clear the way');
    assert.equal((await manage('PUT', path, { author: null })).status, 204);
    assert.equal(problem(await announce(bob, { version: '4.0.0' })), '403 module-owner');
    assert.equal((await manage('PUT', path, { author: '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e' })).status, 404);
    assert.deepEqual(await listActions(desk, 'module.given'), [`${ada.id} ${bob.id}`, `${bob.id} vendor`]);
  });
});

suite('a submission', () => {
  test('is resumed where it stopped, and its draft takes nobody else’s files', async (t) => {
    const { addAuthor, announce, scene, settle, manage } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    const { json } = await announce(ada);
    const path = `/api/modules/addons/submissions/${json.id}`;
    const bytes = bytesOf({});
    const part = await scene.ask('PUT', `${path}/upload?offset=0`, { as: ada.as, body: bytes.subarray(0, 50) });
    assert.deepEqual([part.json.offset, part.json.state], [50, 'receiving']);
    const wrong = await scene.ask('PUT', `${path}/upload?offset=7`, { as: ada.as, body: bytes.subarray(7) });
    assert.deepEqual([problem(wrong), wrong.json.offset], ['409 upload-offset', 50]);
    await scene.ask('PUT', `${path}/upload?offset=50`, { as: ada.as, body: bytes.subarray(50) });
    await settle();
    assert.equal((await scene.ask('GET', `${path}/upload`, { as: ada.as })).json.state, 'accepted');
    const { query } = scene.resources.database;
    const artifact = await query.selectFrom('artifact').selectAll().executeTakeFirstOrThrow();
    await query
      .insertInto('artifact')
      .values({ ...artifact, id: '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e', name: 'other.zip' })
      .execute();
    assert.equal(problem(await manage('POST', `${path}/approve`, {})), '409 submission-changed');
  });

  test('is refused for a slug that the organisation uses otherwise, a bad one, and texts that no client would read', async (t) => {
    const { addAuthor, announce, manage } = await openAuthorDesk(t);
    const ada = await addAuthor('Ada');
    assert.equal(problem(await announce(ada, { module: 'addons' })), '409 slug-taken');
    assert.equal(problem(await announce(ada, { module: 'api' })), '400 slug-reserved');
    assert.equal((await announce(ada, { module: '../x' })).status, 400);
    const bad = (facts: unknown) => announce(ada, { extra: { facts } });
    assert.equal(problem(await bad({ info_url: 'javascript:1' })), '400 module-info-url');
    assert.equal(problem(await bad({ requires_permissions: ['<x>'] })), '400 module-permissions');
    assert.equal((await bad({ primary_locale: 'de' })).status, 400);
    assert.equal((await bad({ trust_level: 'official' })).status, 400);
    await manage('POST', '/api/collections/addons/modules', { slug: 'ours', name: 'Ours' });
    assert.equal(problem(await announce(ada, { module: 'ours' })), '403 module-owner');
  });

  test('tells webhooks when it comes and when it is decided on', async (t) => {
    const { addAuthor, handIn, manage, scene } = await openAuthorDesk(t);
    const { json } = await handIn(await addAuthor('Ada'));
    await manage('POST', `/api/modules/addons/submissions/${json.id}/approve`, {});
    const rows = await scene.resources.database.query
      .selectFrom('outbox')
      .select(['topic', 'payload'])
      .where('topic', 'like', 'submission.%')
      .orderBy('id')
      .execute();
    assert.deepEqual(
      rows.map(({ topic, payload }) => [topic, JSON.parse(payload).project, JSON.parse(payload).author]),
      [
        ['submission.received', 'maps', 'Ada'],
        ['submission.approved', 'maps', 'Ada'],
      ],
    );
  });
});

async function listActions({ scene }: AuthorDesk, action: string): Promise<string[]> {
  const rows = await scene.resources.database.query
    .selectFrom('audit_event')
    .selectAll()
    .where('action', '=', action)
    .orderBy('sequence')
    .execute();
  return rows.map((row) => {
    const detail = JSON.parse(String((row as Record<string, unknown>).detail)) as Record<string, string>;
    return `${detail.from} ${detail.to}`;
  });
}
