/** Verdicts and policies over HTTP, and a verdict that others can check. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseVerificationSummary } from '@signpost/protocol/intoto/verification-summary';
import { sql } from 'kysely';
import { record } from '../../../src/watch/recording/record.ts';
import { type Credential, openPlanesScene, openShop, type PlanesScene } from '../../planes-scene.ts';
import { hour, keyless, stranger, usualFacts } from '../drift/scene.ts';
import { contentOf } from '../recording/desk.ts';

describe('gates', () => {
  let scene: PlanesScene;
  let admin: Credential;
  let reader: Credential;
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  before(async () => {
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) });
    admin = await scene.openKey(scene.home, ['admin', 'manage']);
    reader = await scene.openKey(scene.home, ['read']);
    const made = await scene.ask('POST', '/api/watch/sources', { as: admin, json: { source: 'ghcr.io/org/app' } });
    const at = scene.resources.now();
    for (const [onDay, facts] of [
      [1, {}],
      [2, {}],
      [3, {}],
      [4, { signatures: [keyless(stranger)] }],
    ] as const) {
      await record(scene.resources, {
        ...{ organisationId: scene.home.caller.organisationId, sourceId: String(made.json.id) },
        artifacts: [
          {
            ...{ names: { version: `1.0.${onDay}` }, line: '1', isDefault: false },
            facts: { ...usualFacts, content: contentOf(onDay), publishedAt: at - (40 - onDay) * 24 * hour, ...facts },
          },
        ],
      });
    }
  });

  const verdictOf = (onDay: number, more = '', as = reader) =>
    scene.ask(
      'GET',
      `/api/watch/verdict${more.startsWith('/') ? more : ''}?ref=ghcr.io/org/app&digest=sha256:${contentOf(onDay)}${more.startsWith('/') ? '' : more}`,
      { as },
    );

  test('a verdict has its reasons, its revision and its end', async () => {
    const { status, json } = await verdictOf(3);
    assert.deepEqual([status, json.verdict, json.judged, json.sha256], [200, 'ok', 'ok', contentOf(3)]);
    assert.deepEqual((json.revision as { line: string }).line, '1');
    const denied = await verdictOf(4);
    assert.deepEqual(
      [denied.json.verdict, (denied.json.reasons as { code: string }[])[0]?.code],
      ['deny', 'identity.new_owner'],
    );
    const [{ title, text }] = denied.json.reasons as [{ title: string; text: string }];
    assert.deepEqual([title, text.length > title.length], ['Signed by another owner', true]);
    assert.equal((await verdictOf(3, '', {})).status, 401);
    assert.equal((await scene.ask('GET', '/api/watch/verdict?ref=ghcr.io/Org', { as: reader })).status, 400);
    assert.equal((await scene.ask('GET', '/api/watch/verdict?ref=a/b&digest=sha256:1', { as: reader })).status, 400);
  });

  test('a server that can write nothing down answers all the same, and says so', async () => {
    const { query } = scene.resources.database;
    await sql`pragma query_only = 1`.execute(query);
    try {
      const { status, json } = await verdictOf(3);
      const reasons = json.reasons as { code: string; effect: string }[];
      assert.deepEqual([status, json.verdict], [200, 'warn']);
      assert.deepEqual(reasons.at(-1)?.code, 'watch.unrecorded');
      assert.equal((await verdictOf(4)).json.verdict, 'deny');
    } finally {
      await sql`pragma query_only = 0`.execute(query);
    }
    assert.equal((await verdictOf(3)).json.verdict, 'ok');
  });

  test('what is known of a source is one entry of the inventory, found by a part of its key', async () => {
    const list = async (query: string, as = reader) => {
      const { json } = await scene.ask('GET', `/api/watch/inventory${query}`, { as });
      return json.sources as { key: string; open: object; lines: Record<string, unknown>[] }[];
    };
    const [entry] = await list('?search=ghcr.io/org');
    assert.deepEqual([entry?.key, entry?.open], ['oci:ghcr.io/org/app', { critical: 1 }]);
    const [line] = entry?.lines ?? [];
    assert.deepEqual(
      [line?.name, line?.state, line?.signed, line?.slsa_level, line?.artifacts, line?.coverage_percent],
      ['1', 'frozen', 'always', 2, 4, 100],
    );
    assert.equal((line?.signers as unknown[] | undefined)?.length, 2);
    assert.deepEqual(await list('?search=%25'), []);
    assert.deepEqual(await list(`?after=${entry?.key}`), []);
  });

  test('a policy is put in force by admins alone, and environments are told apart', async () => {
    const rules = [{ name: 'playground', match: { environment: 'playground' }, mode: 'observe' }];
    const put = (as: Credential, json: unknown) => scene.ask('PUT', '/api/watch/policy', { as, json });
    assert.equal((await put(reader, { schema: 1, rules })).status, 403);
    assert.equal((await put(admin, { schema: 1, rules: [{ name: 'x' }] })).status, 400);
    assert.deepEqual((await scene.ask('GET', '/api/watch/policy', { as: reader })).json.version, 0);
    assert.deepEqual((await put(admin, { schema: 1, rules })).json.version, 1);
    const played = await verdictOf(4, '&environment=playground');
    assert.deepEqual([played.json.verdict, played.json.judged], ['ok', 'deny']);
    assert.equal((await verdictOf(4, '&environment=production')).json.verdict, 'deny');
    const proposed = await scene.ask('GET', '/api/watch/policy/proposal?source=oci:**', { as: reader });
    assert.equal((proposed.json.document as { rules: unknown[] }).rules.length, 1);
    assert.equal((await scene.ask('GET', '/api/watch/policy/proposal?source=x', { as: reader })).status, 400);
  });

  test('a verdict can be had as a statement, signed by a key that the trust list vouches for', async () => {
    assert.equal((await verdictOf(3, '/summary')).json.code, 'trust_refused');
    await openShop(scene);
    for (const [onDay, result, levels] of [
      [3, 'PASSED', ['SLSA_BUILD_LEVEL_2']],
      [4, 'FAILED', ['FAILED']],
    ] as const) {
      const { status, json } = await verdictOf(onDay, '/summary');
      assert.equal(status, 200);
      const statement = JSON.parse(Buffer.from(String(json.payload), 'base64').toString('utf8'));
      const { predicateType, predicate, subject } = statement;
      const summary = parseVerificationSummary({ predicateType, predicate });
      assert.deepEqual([summary.result, summary.verifiedLevels], [result, levels]);
      assert.deepEqual(subject, [{ name: 'oci:ghcr.io/org/app', digest: { sha256: contentOf(onDay) } }]);
      const key = await scene.ask('GET', '/api/signing/pubkey', { as: reader });
      assert.equal((json.signatures as { keyid: string }[])[0]?.keyid, key.json.key_id);
    }
    const unseen = await verdictOf(77, '/summary');
    assert.deepEqual([unseen.status, unseen.json.rule], [409, 'watch-verdict-unknown']);
  });
});
