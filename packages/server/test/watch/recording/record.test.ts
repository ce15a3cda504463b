/** What readers see becomes sightings, a baseline, findings and events, or nothing of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { Refusal } from '../../../src/errors.ts';
import { decideFinding } from '../../../src/watch/findings/decide.ts';
import { listFindingEvents, listFindings } from '../../../src/watch/findings/store.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { sealChains, verifyObservations } from '../../../src/watch/observations/chain.ts';
import { listTags } from '../../../src/watch/observations/store.ts';
import { recordUnanswered } from '../../../src/watch/recording/blindness.ts';
import { maxArtifacts, record } from '../../../src/watch/recording/record.ts';
import { addSource, removeSource } from '../../../src/watch/sources/source.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { hex, keyless, stranger, usualFacts, workflow } from '../drift/scene.ts';
import { contentOf, type Desk, day, openDesk, openEstablished, start } from './desk.ts';

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const establish = async () => openEstablished(await database, `org-${++count}`);
  const kindsOf = async (desk: Desk) =>
    (await listFindings(desk.database.query, { organisationId: desk.caller.organisationId, limit: 50 })).map(
      ({ kind, state, severity }) => `${kind} ${severity} ${state}`,
    );
  const topicsOf = async (desk: Desk) =>
    (
      await desk.database.query
        .selectFrom('outbox')
        .select('topic')
        .where('organisation_id', '=', desk.caller.organisationId)
        .orderBy('id')
        .execute()
    ).map(({ topic }) => topic);

  test('a line is established by what was published, on the day that it is watched', async () => {
    const desk = await establish();
    const states = (await desk.revisions()).map(({ state, cause, version }) => `${version} ${state} ${cause}`);
    assert.deepEqual(states, ['1 learning learned', '2 established learned']);
    assert.deepEqual(await kindsOf(desk), []);
    assert.deepEqual(await topicsOf(desk), ['watch.source.added', 'watch.baseline.revised', 'watch.baseline.revised']);
    assert.ok(await desk.isRebuilt());
  });

  test('an unchanged sighting adds one small row and nothing else', async () => {
    const desk = await establish();
    const before = await topicsOf(desk);
    for (const onDay of [11, 12, 13]) {
      desk.goTo(onDay);
      assert.equal((await desk.see(3)).findings.get(contentOf(3))?.length, 0);
    }
    assert.deepEqual(await topicsOf(desk), before);
    assert.equal(await verifyObservations(desk.database, desk.caller.organisationId), 6);
    const facts = await desk.database.query.selectFrom('watch_facts').select('number').execute();
    assert.equal(new Set(facts.map(({ number }) => number)).size, facts.length);
  });

  test('an older trust list, and one that fewer roots must sign, are findings whoever signed, until somebody decides', async () => {
    const desk = await openDesk(await database, `org-${++count}`);
    desk.goTo(10);
    const see = (onDay: number, threshold: number, version: number) =>
      desk.see(onDay, { trust: { threshold, version } });
    for (const onDay of [1, 2, 3]) await see(onDay, 2, onDay);
    await see(3, 2, 7);
    assert.deepEqual(await kindsOf(desk), []);
    // Also of the artifact that showed the newer one itself.
    for (const seen of [await see(3, 2, 6), await see(4, 2, 6)]) {
      assert.deepEqual(
        [...seen.findings.values()].map((found) => found.map(({ kind }) => kind)),
        [['trust.rolled_back']],
      );
    }
    await see(5, 1, 8);
    assert.deepEqual(await kindsOf(desk), ['trust.threshold_lowered high open', 'trust.rolled_back high open']);
    const [row] = await listFindings(desk.database.query, { organisationId: desk.caller.organisationId, limit: 1 });
    const verdict = { kind: 'accept', scope: 'line' } as const;
    await decideFinding(desk, desk.caller, { id: row?.id ?? '', reason: 'a root was given up', verdict });
    assert.equal((await see(6, 1, 9)).findings.get(contentOf(6))?.length, 0);
    assert.ok(await desk.isRebuilt());
  });

  test('whoever signs once and waits for thirty days stays a stranger, and is told once', async () => {
    const desk = await establish();
    desk.goTo(11);
    const attack = { signatures: [keyless(stranger)] };
    for (const onDay of [11, 12, 41]) {
      desk.goTo(onDay);
      const found = (await desk.see(5, attack)).findings.get(contentOf(5));
      assert.deepEqual(
        found?.map(({ kind, gate }) => `${kind} ${gate}`),
        ['identity.new_owner deny'],
      );
    }
    assert.deepEqual(await kindsOf(desk), ['identity.new_owner critical open']);
    assert.deepEqual((await topicsOf(desk)).at(-1), 'watch.finding.opened');
    assert.deepEqual(
      (await desk.latest()).identities.map(({ identity }) => identity),
      [workflow()],
    );
    assert.equal((await desk.revisions()).length, 2);
    assert.ok(await desk.isRebuilt());
  });

  test('three good releases end a finding that is not critical, and it stays in the history', async () => {
    const desk = await establish();
    await desk.see(4, { signatures: [] });
    for (const onDay of [5, 6, 7]) await desk.see(onDay);
    assert.deepEqual(await kindsOf(desk), ['signature.lost high resolved']);
    const [row] = await listFindings(desk.database.query, { organisationId: desk.caller.organisationId, limit: 1 });
    const acts = (await listFindingEvents(desk.database.query, row?.id ?? '')).map(({ act }) => act);
    assert.deepEqual(acts, ['opened', 'resolved']);
    await desk.see(8, { signatures: [] });
    assert.deepEqual(await kindsOf(desk), ['signature.lost high open']);
  });

  test('a rename that numbers prove is told and followed', async () => {
    const desk = await establish();
    const renamed = workflow({ repository: 'https://github.com/org/new-name' });
    const facts = { signatures: [keyless(renamed)], provenance: 'unknown' } as const;
    const found = (await desk.see(4, facts)).findings.get(contentOf(4));
    assert.deepEqual(
      found?.map(({ kind }) => kind),
      ['identity.renamed'],
    );
    assert.equal((await desk.revisions()).at(-1)?.cause, 'renamed');
    assert.deepEqual((await desk.see(5, facts)).findings.get(contentOf(5)), []);
    assert.ok(await desk.isRebuilt());
  });

  test('a signature that is gone from the same bytes is withdrawn, not lost', async () => {
    const desk = await establish();
    const found = (await desk.see(3, { signatures: [] })).findings.get(contentOf(3));
    assert.deepEqual(
      found?.map(({ kind }) => kind),
      ['signature.withdrawn'],
    );
  });

  test('tags keep their whole history, and one that names a release must not move', async () => {
    const desk = await establish();
    await desk.see(3, {}, { tag: 'v1.0.3' });
    await desk.see(3, {}, { tag: 'latest' });
    const found = (await desk.see(4, {}, { tag: 'v1.0.3' })).findings.get(contentOf(4));
    assert.deepEqual(
      found?.map(({ kind }) => kind),
      ['tag.mutated'],
    );
    assert.deepEqual((await desk.see(4, {}, { tag: 'latest' })).findings.get(contentOf(4)), []);
    const tags = (await listTags(desk.database.query, desk.source.id, 9)).map(
      ({ name, number, content }) => `${name} ${number} ${Number(content)}`,
    );
    assert.deepEqual(tags, ['latest 2 4', 'v1.0.3 2 4', 'latest 1 3', 'v1.0.3 1 3']);
  });

  test('other bytes under a known version are critical', async () => {
    const desk = await establish();
    const found = (await desk.see(4, {}, { version: '1.0.3' })).findings.get(contentOf(4));
    assert.deepEqual(
      found?.map(({ kind, severity }) => `${kind} ${severity}`),
      ['version.content_changed critical'],
    );
  });

  test('many releases within an hour are told when that is not usual', async () => {
    const desk = await establish();
    const at = start + 10 * day - 60_000;
    const versions = [21, 22, 23, 24, 25];
    const found = [];
    for (const onDay of versions)
      found.push((await desk.see(onDay, { publishedAt: at })).findings.get(contentOf(onDay)));
    assert.deepEqual(
      found.map((list) => list?.map(({ kind }) => kind)),
      [[], [], [], [], ['release.burst']],
    );
  });

  test('blindness is told after three intervals, gets worse with time, and ends with an answer', async () => {
    const desk = await establish();
    const blind = async (onDay: number) => {
      desk.goTo(onDay);
      await recordUnanswered(desk, {
        ...{ organisationId: desk.caller.organisationId, sourceId: desk.source.id, reason: '401' },
      });
      return kindsOf(desk);
    };
    assert.deepEqual(await blind(10), []);
    assert.deepEqual(await blind(10.1), ['observation.blind low open']);
    assert.deepEqual(await blind(11.1), ['observation.blind medium open']);
    assert.deepEqual(await blind(17.1), ['observation.blind high open']);
    assert.ok((await topicsOf(desk)).includes('watch.finding.escalated'));
    desk.goTo(18);
    await desk.see(3, { signatures: 'unknown' });
    assert.deepEqual(await kindsOf(desk), ['observation.blind high open']);
    await desk.see(3);
    assert.deepEqual(await kindsOf(desk), ['observation.blind high resolved']);
  });

  test('the past cannot be changed: neither rows by a statement, nor the chain unseen', async () => {
    const desk = await establish();
    const { query } = desk.database;
    const tables = [
      'watch_observation',
      'watch_revision',
      'watch_tag',
      'watch_finding_event',
      'watch_decision',
    ] as const;
    await desk.see(4, { signatures: [] }, { tag: 'v1.0.4' });
    for (const table of tables) {
      const before = await query.selectFrom(table).selectAll().execute();
      for (const statement of [
        sql`update ${sql.table(table)} set created_at = 1`,
        sql`update ${sql.table(table)} set seen_at = 1`,
        sql`delete from ${sql.table(table)}`,
      ]) {
        await statement.execute(query).catch(() => undefined);
      }
      assert.deepEqual(await query.selectFrom(table).selectAll().execute(), before);
    }
  });

  test('a changed fact, a row too few or another end is found, also when the end was made to fit', async () => {
    const desk = await establish();
    const { organisationId } = desk.caller;
    const { query } = desk.database;
    assert.equal(await sealChains(desk), await countUnsealed(desk));
    assert.equal(await sealChains(desk), 0);
    await desk.see(4);
    assert.equal(await verifyObservations(desk.database, organisationId), 4);
    await verifyAuditChain(desk.database);
    const refused = (error: unknown) => error instanceof Refusal && error.rule === 'watch-chain-broken';
    const chain = await query
      .selectFrom('watch_chain')
      .selectAll()
      .where('organisation_id', '=', organisationId)
      .executeTakeFirstOrThrow();
    const set = (values: object) =>
      query.updateTable('watch_chain').set(values).where('number', '=', chain.number).execute();
    await set({ hash: 'x' });
    await assert.rejects(verifyObservations(desk.database, organisationId), refused);
    // As if the last two sightings had never been: the audit log knows one of them.
    const rows = await query
      .selectFrom('watch_observation')
      .selectAll()
      .where('chain', '=', chain.number)
      .orderBy('sequence')
      .execute();
    await set({ hash: chain.hash, observations: 3 });
    await assert.rejects(verifyObservations(desk.database, organisationId), refused);
    await set({ hash: rows[3]?.hash, observations: 4 });
    assert.equal(await verifyObservations(desk.database, organisationId), 4);
    const facts = await query.selectFrom('watch_facts').selectAll().executeTakeFirstOrThrow();
    await query
      .updateTable('watch_facts')
      .set({ document: facts.document.replace('v', 'w') })
      .where('number', '=', facts.number)
      .execute();
    await assert.rejects(verifyObservations(desk.database, await firstOrganisation(desk)), refused);
    await query
      .updateTable('watch_facts')
      .set({ document: facts.document })
      .where('number', '=', facts.number)
      .execute();
  });

  test('sources are added once, removed, and go on where they stood', async () => {
    const desk = await establish();
    const request = { reference: 'GHCR.io/org/app:1', rules: learningPresets.usual, isDevelopment: false };
    await assert.rejects(addSource(desk, desk.caller, request), { code: 'conflict', rule: 'watch-source' });
    await removeSource(desk, desk.caller, desk.source.id);
    await assert.rejects(desk.see(4), { code: 'not_found' });
    await assert.rejects(removeSource(desk, desk.caller, desk.source.id), { code: 'not_found' });
    const again = await addSource(desk, desk.caller, request);
    assert.equal(again.id, desk.source.id);
    const found = (await desk.see(4, { signatures: [keyless(stranger)] })).findings.get(contentOf(4));
    assert.equal(found?.[0]?.kind, 'identity.new_owner');
  });

  test('what no reader may hand in changes nothing, and another organisation has no such source', async () => {
    const desk = await establish();
    const before = await topicsOf(desk);
    const artifact = { facts: usualFacts, names: {}, line: '1', isDefault: false };
    const input = { organisationId: desk.caller.organisationId, sourceId: desk.source.id };
    for (const [artifacts, refusal] of [
      [[{ ...artifact, line: '' }], { rule: 'watch-name' }],
      [[{ ...artifact, names: { tag: 'a\0b' } }], { rule: 'watch-name' }],
      [[{ ...artifact, names: { version: 'v'.repeat(257) } }], { rule: 'watch-name' }],
      [[{ ...artifact, facts: { ...usualFacts, content: 'x' } }], { rule: 'watch-content' }],
      [
        [{ ...artifact, facts: { ...usualFacts, signatures: Array.from({ length: 2000 }, () => keyless()) } }],
        { rule: 'watch-facts' },
      ],
      [Array.from({ length: maxArtifacts + 1 }, () => artifact), { code: 'too_large' }],
    ] as const) {
      await assert.rejects(record(desk, { ...input, artifacts }), refusal);
    }
    const other = await openDesk(desk.database, `other-${count}`);
    await assert.rejects(record(desk, { ...input, organisationId: other.caller.organisationId, artifacts: [] }), {
      code: 'not_found',
    });
    assert.deepEqual(await topicsOf(desk), before);
  });

  test('what strangers wrote is kept to the letter', async () => {
    const desk = await establish();
    const subject = 'https://github.com/org/app\u2028\ud800\u0000\u202e';
    await desk.see(4, { signatures: [keyless({ ...stranger, subject })] });
    const [row] = await listFindings(desk.database.query, { organisationId: desk.caller.organisationId, limit: 1 });
    assert.ok(JSON.parse(row?.document ?? '{}').after[0].startsWith(subject));
    await verifyAuditChain(desk.database);
    assert.equal(hex('a').length, 64);
  });
});

async function countUnsealed(desk: Desk): Promise<number> {
  const sealed = await desk.database.query.selectFrom('watch_chain').select('number').execute();
  return sealed.length;
}

async function firstOrganisation(desk: Desk): Promise<string> {
  const chain = await desk.database.query
    .selectFrom('watch_chain')
    .select('organisation_id')
    .where('number', '=', 1)
    .executeTakeFirstOrThrow();
  return chain.organisation_id;
}
