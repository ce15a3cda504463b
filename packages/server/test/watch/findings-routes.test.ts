/** The watch over HTTP: sources, findings and what people say of them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { record } from '../../src/watch/recording/record.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { hour, keyless, stranger, usualFacts } from './drift/scene.ts';

describe('the watch', () => {
  let scene: PlanesScene;
  let manager: Credential;
  let viewer: Credential;
  let source = '';

  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  before(async () => {
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) });
    manager = await scene.openPerson(scene.home, 'manager');
    viewer = await scene.openPerson(scene.home, 'viewer');
    const made = await scene.ask('POST', '/api/watch/sources', { as: manager, json: { source: 'GHCR.io/org/app:1' } });
    assert.equal(made.status, 201, String(made.body));
    assert.equal(made.json.key, 'oci:ghcr.io/org/app');
    source = String(made.json.id);
    const now = scene.resources.now();
    const see = (day: number, facts = {}) =>
      record(scene.resources, {
        ...{ organisationId: scene.home.caller.organisationId, sourceId: source },
        artifacts: [
          {
            ...{ names: { version: `1.0.${day}` }, line: '1', isDefault: false },
            facts: {
              ...{ ...usualFacts, content: String(day).padStart(64, '0') },
              ...{ publishedAt: now - (40 - day) * 24 * hour, ...facts },
            },
          },
        ],
      });
    for (const day of [1, 2, 3]) await see(day);
    await see(4, { signatures: [keyless({ ...stranger, subject: 'evil`\u202e\ncorp' })] });
  });

  const listOpen = async () => {
    const { json } = await scene.ask('GET', '/api/watch/findings?state=open', { as: viewer });
    return json.findings as Record<string, unknown>[];
  };

  test('shows what is watched, who is accepted, and every revision with its cause', async () => {
    const list = await scene.ask('GET', '/api/watch/sources', { as: viewer });
    assert.deepEqual(
      (list.json.sources as { id: string }[]).map(({ id }) => id),
      [source],
    );
    const shown = await scene.ask('GET', `/api/watch/sources/${source}`, { as: viewer });
    const [line] = shown.json.lines as { name: string; state: string; identities: { state: string }[] }[];
    assert.deepEqual(
      [line?.name, line?.state, line?.identities.map(({ state }) => state)],
      ['1', 'frozen', ['accepted']],
    );
    const history = await scene.ask('GET', `/api/watch/sources/${source}/history`, { as: viewer });
    const causes = (history.json.revisions as { cause: string; state: string }[]).map(
      ({ cause, state }) => `${cause} ${state}`,
    );
    assert.deepEqual(causes, ['learned learning', 'learned established']);
  });

  test('refuses a malformed source, and what is watched already', async () => {
    for (const [json, status] of [
      [{ source: 'ghcr.io/Org/app' }, 400],
      [{ source: 'ghcr.io/org/app' }, 409],
      [{ source: 'ghcr.io/org/other', learning: 'never' }, 400],
    ] as const) {
      assert.equal((await scene.ask('POST', '/api/watch/sources', { as: manager, json })).status, status);
    }
    assert.equal((await scene.ask('POST', '/api/watch/sources', { as: viewer, json: { source: 'x/y' } })).status, 403);
  });

  test('has a text for the maintainer upstream that nothing of a stranger steers', async () => {
    const [finding] = await listOpen();
    assert.deepEqual(
      [finding?.kind, finding?.source, finding?.line],
      ['identity.new_owner', 'oci:ghcr.io/org/app', '1'],
    );
    const { json } = await scene.ask('GET', `/api/watch/findings/${finding?.id}`, { as: viewer });
    assert.match(String(json.upstream), /evil���corp/);
    assert.doesNotMatch(String(json.upstream), /\u202e/);
    assert.equal((json.artifacts as unknown[]).length, 1);
  });

  test('lists by kind and what nobody has decided, and refuses kinds that there are none of and pages of the gravest', async () => {
    const ask = async (query: string) => {
      const { status, json } = await scene.ask('GET', `/api/watch/findings?${query}`, { as: viewer });
      return status === 200 ? (json.findings as { kind: string }[]).map(({ kind }) => kind) : status;
    };
    assert.deepEqual(await ask('state=undecided&kind=observation,identity'), ['identity.new_owner']);
    assert.deepEqual(await ask('state=undecided&kind=observation.blind'), []);
    assert.equal(await ask('kind=identity.nothing'), 400);
    assert.deepEqual(await ask('order=gravest'), ['identity.new_owner']);
    assert.equal(await ask(`order=gravest&before=${source}`), 400);
    const cases = (query: string) => scene.ask('GET', `/api/watch/cases?${query}`, { as: viewer });
    assert.equal(((await cases('order=gravest')).json.cases as unknown[]).length, 1);
    assert.equal((await cases('order=gravest&before=9')).status, 400);
  });

  test('takes a verdict from those who manage, once', async () => {
    const [finding] = await listOpen();
    const path = `/api/watch/findings/${finding?.id}/verdict`;
    const json = { verdict: 'reject', reason: 'an attack' };
    assert.equal((await scene.ask('POST', path, { as: viewer, json })).status, 403);
    const until = new Date(scene.resources.now() + hour).toISOString();
    assert.equal((await scene.ask('POST', path, { as: manager, json: { ...json, until } })).status, 400);
    const done = await scene.ask('POST', path, { as: manager, json });
    assert.deepEqual(done.json, { id: finding?.id, state: 'rejected', awaits_second_person: false });
    assert.equal((await scene.ask('POST', path, { as: manager, json })).status, 409);
    assert.deepEqual(await listOpen(), []);
  });

  test('takes announcements and settings', async () => {
    const path = `/api/watch/sources/${source}/announcements`;
    const json = {
      ...{ identities: [{ issuer: 'https://i.example', subject: 'new' }], reason: 'we move' },
      valid_to: new Date(scene.resources.now() + 24 * hour).toISOString(),
    };
    const made = await scene.ask('POST', path, { as: manager, json });
    assert.equal(made.status, 201, String(made.body));
    const listed = await scene.ask('GET', `/api/watch/announcements?source=${source}&kind=announcement`, {
      as: viewer,
    });
    const [one, ...others] = listed.json.announcements as { id: string; state: string; identities: unknown }[];
    assert.deepEqual([one?.id, one?.state, one?.identities, others], [made.json.id, 'in-force', json.identities, []]);
    const elsewhere = await scene.openPerson(scene.other, 'admin');
    const none = await scene.ask('GET', '/o/other/api/watch/announcements?state=all', { as: elsewhere });
    assert.deepEqual(none.json, { announcements: [], next: null });
    assert.equal((await scene.ask('DELETE', `${path}/${made.json.id}`, { as: manager })).status, 204);
    assert.equal((await scene.ask('DELETE', `${path}/${made.json.id}`, { as: manager })).status, 404);
    const settings = '/api/watch/settings';
    assert.equal((await scene.ask('PUT', settings, { as: manager, json: { two_people: true } })).status, 403);
    const admin = await scene.openPerson(scene.home, 'admin');
    assert.equal((await scene.ask('PUT', settings, { as: admin, json: { two_people: true } })).status, 200);
    assert.deepEqual((await scene.ask('GET', settings, { as: viewer })).json, { two_people: true });
    const ease = (as: typeof admin) => scene.ask('PUT', settings, { as, json: { two_people: false } });
    const settle = () => scene.resources.database.query.updateTable('membership').set({ created_at: 0 }).execute();
    assert.equal((await ease(admin)).json.rule, 'watch-two-people', 'who came today');
    await settle();
    assert.deepEqual((await ease(admin)).json, { two_people: true, awaits_second_person: true });
    const alone = await ease(admin);
    assert.deepEqual([alone.status, alone.json.rule], [409, 'watch-two-people'], 'one person is not two');
    const key = await scene.openKey(scene.home, ['admin']);
    assert.equal((await ease(key)).status, 403, 'nor is a key');
    assert.deepEqual((await scene.ask('GET', settings, { as: viewer })).json, { two_people: true });
    const second = await scene.openPerson(scene.home, 'admin');
    assert.equal((await ease(second)).status, 403, 'nor is whoever the first one lets in for it');
    await settle();
    assert.deepEqual((await ease(second)).json, { two_people: false, awaits_second_person: false });

    const put = async (as: typeof admin, document: object) =>
      (await scene.ask('PUT', '/api/watch/policy', { as, json: document })).json.awaits_second_person;
    const rule = { name: 'all', mode: 'enforce', two_people: true };
    assert.equal(await put(admin, { schema: 1, rules: [rule] }), false);
    const opened = { schema: 1, rules: [{ name: 'open', mode: 'observe' }, rule] };
    assert.equal(await put(admin, opened), true, 'a rule before it opens the gate');
    const stricter = { name: 'strict', match: { ecosystem: 'npm' }, mode: 'enforce', require: { sbom: true } };
    assert.equal(await put(admin, { schema: 1, rules: [stricter, rule] }), false);
    assert.equal((await scene.ask('PUT', '/api/watch/policy', { as: key, json: opened })).status, 403);
    const without = { schema: 1, rules: [{ ...rule, two_people: false }] };
    assert.equal(await put(admin, without), true);
    assert.equal(await put(second, { schema: 1, rules: [] }), true, 'something else than was proposed');
    assert.equal(
      await put(second, { schema: 1, rules: [stricter, rule, { ...rule, name: 'more' }] }),
      false,
      'nothing is lost',
    );
    assert.equal(await put(admin, without), true, 'what was proposed before is proposed no more');
    assert.equal(await put(second, without), false);
    assert.equal((await scene.ask('DELETE', `/api/watch/sources/${source}`, { as: admin })).status, 204);
    assert.equal((await scene.ask('GET', `/api/watch/sources/${source}`, { as: viewer })).status, 404);
  });
});
