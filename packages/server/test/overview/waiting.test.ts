/** What waits for a person, over HTTP and on both databases. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createId } from '../../src/storage/ids.ts';
import { record } from '../../src/watch/recording/record.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { forEachEngine } from '../storage/engines.ts';
import { keyless, stranger, usualFacts } from '../watch/drift/scene.ts';

const day = 86_400_000;

interface Answer {
  readonly waiting: readonly { readonly severity: string; readonly subject: Readonly<Record<string, string>> }[];
  readonly total: number;
}

suite('what waits for a person', () => {
  forEachEngine((name, open) => {
    test('is listed with the gravest first, at most so much, and only to those whom all of it concerns', async (t) => {
      const scene = await openPlanesScene(t, { database: await open() });
      const admin = await scene.openPerson(scene.home, 'admin');
      const ask = async (query = '', as = admin, prefix = '') => {
        const { status, json } = await scene.ask('GET', `${prefix}/api/waiting${query}`, { as });
        assert.equal(status, 200);
        return json as unknown as Answer;
      };
      assert.deepEqual(await ask(), { waiting: [], total: 0 }, name);
      await seedCases(scene, admin);
      await seedCertificates(scene, admin);
      const all = await ask();
      assert.deepEqual(
        all.waiting.map(({ severity, subject }) => `${severity} ${subject.kind} ${subject.name ?? ''}`.trim()),
        ['critical certificate tomorrow', 'critical case', 'high certificate soon', 'high case'],
      );
      assert.deepEqual(await ask('?limit=1'), { waiting: all.waiting.slice(0, 1), total: 4 });
      const elsewhere = await scene.openPerson(scene.other, 'admin');
      assert.deepEqual(await ask('', elsewhere, '/o/other'), { waiting: [], total: 0 });
      const as = await scene.openKey(scene.home, ['manage'], 'project:compass');
      assert.equal((await scene.ask('GET', '/api/waiting', { as })).status, 403);
    });
  });
});

/** An artifact that a stranger signed, and a newer one whose provenance is lost. */
async function seedCases(scene: PlanesScene, as: Credential): Promise<void> {
  const { json } = await scene.ask('POST', '/api/watch/sources', { as, json: { source: 'ghcr.io/org/app' } });
  const at = scene.resources.now();
  const see = (onDay: number, facts = {}) =>
    record(scene.resources, {
      ...{ organisationId: scene.home.caller.organisationId, sourceId: String(json.id) },
      artifacts: [
        {
          ...{ names: { version: `1.0.${onDay}` }, line: '1', isDefault: false },
          facts: {
            ...{ ...usualFacts, content: String(onDay).padStart(64, '0') },
            ...{ publishedAt: at - (40 - onDay) * day, ...facts },
          },
        },
      ],
    });
  for (const onDay of [1, 2, 3]) await see(onDay);
  await see(4, { signatures: [keyless(stranger)] });
  await see(5, { provenance: [] });
}

/** Two that end soon after most of their life, beside those that are renewed, or will be, that live shortly, and that have long to live. */
async function seedCertificates(scene: PlanesScene, as: Credential): Promise<void> {
  const { json } = await scene.ask('POST', '/api/authorities', {
    as,
    json: {
      ...{ kind: 'root', name: 'root', subject: { CN: 'Root' }, key_type: 'ecdsa-p256' },
      passphrase: 'a passphrase for the root',
    },
  });
  assert.equal(json.name, 'root');
  const { query } = scene.resources.database;
  const one = await query.selectFrom('certificate').selectAll().executeTakeFirstOrThrow();
  const now = scene.resources.now();
  const add = (common_name: string, differs: Partial<typeof one>) => {
    const id = createId(now);
    const serial = id.replaceAll('-', '');
    return query
      .insertInto('certificate')
      .values({ ...one, subject_authority_id: null, source: 'form', id, serial, common_name, ...differs })
      .execute();
  };
  const old = { not_before: now - 90 * day };
  await add('tomorrow', { ...old, not_after: now + day / 2 });
  await add('soon', { ...old, not_after: now + 5 * day });
  await add('renewed', { ...old, not_after: now + 5 * day });
  await add('program', { ...old, not_after: now + 5 * day, source: 'acme' });
  await add('responder', { ...old, not_after: now + 5 * day, source: 'system' });
  await add('short', { not_before: now - day, not_after: now + 5 * day });
  await add('distant', { ...old, not_after: now + 31 * day });
  const renewed = await query
    .selectFrom('certificate')
    .select('id')
    .where('common_name', '=', 'renewed')
    .executeTakeFirstOrThrow();
  await add('successor', { ...old, not_after: now + 80 * day, replaces_id: renewed.id });
}
