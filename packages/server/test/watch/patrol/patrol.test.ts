/** What shows over many sources, or by the clock alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertTrustRoot, type TrustRootRow, updateTrustRoot } from '../../../src/evidence/trust-roots/store.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { decideFinding } from '../../../src/watch/findings/decide.ts';
import { listFindingEvents, listFindings } from '../../../src/watch/findings/store.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { checkChains, collapseMassEvents, endAcceptances, tellStaleRoots } from '../../../src/watch/patrol/patrol.ts';
import { record } from '../../../src/watch/recording/record.ts';
import { addSource } from '../../../src/watch/sources/source.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { keyless, publisher, usualFacts } from '../drift/scene.ts';
import { contentOf, type Desk, day, openDesk, openEstablished, start } from '../recording/desk.ts';

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const openOne = async () => openEstablished(await database, `patrol-${++count}`);
  const statesOf = async ({ database: { query }, caller }: Desk, kind: string) => {
    const rows = await listFindings(query, { organisationId: caller.organisationId, limit: 50 });
    return rows.filter((row) => row.kind === kind).map(({ state }) => state);
  };

  /** Sources whose line is established, and that show what is given from then on. */
  async function openMany(desk: Desk, names: readonly string[]) {
    const ids: string[] = [];
    for (const name of names) {
      const request = { reference: `ghcr.io/org/${name}`, rules: learningPresets.usual, isDevelopment: false };
      ids.push((await addSource(desk, desk.caller, request)).id);
    }
    const see = async (sourceId: string, onDay: number, facts = {}) =>
      record(desk, {
        ...{ organisationId: desk.caller.organisationId, sourceId },
        artifacts: [
          {
            ...{ line: '1', names: { version: `1.0.${onDay}` }, isDefault: false },
            facts: { ...usualFacts, content: contentOf(onDay), publishedAt: start + onDay * day, ...facts },
          },
        ],
      });
    for (const id of ids) for (const onDay of [1, 2, 3]) await see(id, onDay);
    return { ids, see };
  }

  const unverifiable = { signatures: [keyless(undefined, { outcome: 'unverifiable' as const, identity: undefined })] };

  test('many sources that cannot be verified any more are one finding, until they are few again', async () => {
    const desk = await openDesk(await database, `mass-${++count}`);
    desk.goTo(10);
    const { ids, see } = await openMany(desk, ['a', 'b', 'c', 'd', 'e', 'f']);
    for (const id of ids.slice(0, 4)) await see(id, 4, unverifiable);
    await collapseMassEvents(desk);
    assert.deepEqual(await statesOf(desk, 'signature.unverifiable'), ['open', 'open', 'open', 'open']);
    await see(ids[4] ?? '', 4, unverifiable);
    await collapseMassEvents(desk);
    assert.deepEqual(new Set(await statesOf(desk, 'signature.unverifiable')), new Set(['collapsed']));
    assert.deepEqual(await statesOf(desk, 'system.mass_unverifiable'), ['open']);
    await collapseMassEvents(desk);
    assert.deepEqual(await statesOf(desk, 'system.mass_unverifiable'), ['open']);
    // Four are as before; the fifth is not.
    for (const id of ids.slice(0, 4)) for (const onDay of [5, 6, 7]) await see(id, onDay);
    await collapseMassEvents(desk);
    assert.deepEqual((await statesOf(desk, 'signature.unverifiable')).sort(), [
      ...['open', 'resolved', 'resolved', 'resolved', 'resolved'],
    ]);
    assert.deepEqual(await statesOf(desk, 'system.mass_unverifiable'), ['resolved']);
  });

  test('a registry whose keys are gone is one finding, and not one of each package', async () => {
    const desk = await openDesk(await database, `keys-${++count}`);
    desk.goTo(10);
    const { ids, see } = await openMany(desk, ['a', 'b', 'c', 'd', 'e']);
    for (const id of ids) await see(id, 4, { publisher: publisher({ registrySignature: 'none-ever' }) });
    await collapseMassEvents(desk);
    assert.deepEqual(new Set(await statesOf(desk, 'registry.signature_lost')), new Set(['collapsed']));
    assert.deepEqual(await statesOf(desk, 'system.mass_unverifiable'), ['open']);
  });

  test('a few of many sources are findings of their own', async () => {
    const desk = await openDesk(await database, `few-${++count}`);
    desk.goTo(10);
    const names = Array.from({ length: 26 }, (_, index) => `s${index}`);
    const { ids, see } = await openMany(desk, names);
    for (const id of ids.slice(0, 5)) await see(id, 4, unverifiable);
    await collapseMassEvents(desk);
    assert.deepEqual(await statesOf(desk, 'system.mass_unverifiable'), []);
  });

  test('an acceptance that ends opens the finding again by the clock alone, where it still shows', async () => {
    const desk = await openOne();
    await desk.see(4, { sbom: 'absent' });
    const [row] = await listFindings(desk.database.query, { organisationId: desk.caller.organisationId, limit: 9 });
    assert.ok(row);
    const accept = (until: number) =>
      decideFinding(desk, desk.caller, {
        ...{ id: row.id, reason: 'mended soon', verdict: { kind: 'accept', scope: 'line', until } },
      });
    await accept(start + 12 * day);
    desk.goTo(11);
    await endAcceptances(desk);
    assert.deepEqual(await statesOf(desk, 'sbom.lost'), ['accepted']);
    desk.goTo(12);
    await endAcceptances(desk);
    assert.deepEqual(await statesOf(desk, 'sbom.lost'), ['open']);
    assert.equal((await listFindingEvents(desk.database.query, row.id)).at(-1)?.act, 'expired');
    await accept(start + 14 * day);
    await desk.see(5);
    desk.goTo(15);
    await endAcceptances(desk);
    assert.deepEqual(await statesOf(desk, 'sbom.lost'), ['resolved']);
  });

  test('a trusted root that ran out is told once, and ends when it is current', async () => {
    const desk = await openOne();
    const id = createId(start);
    const { organisationId } = desk.caller;
    await insertTrustRoot(desk.database.query, rootOf(id, organisationId));
    await tellStaleRoots(desk);
    assert.deepEqual(await statesOf(desk, 'system.trust_root_stale'), []);
    desk.goTo(30);
    for (let rounds = 0; rounds < 2; rounds += 1) await tellStaleRoots(desk);
    assert.deepEqual(await statesOf(desk, 'system.trust_root_stale'), ['open']);
    await updateTrustRoot(desk.database.query, id, { expires_at: start + 60 * day });
    await tellStaleRoots(desk);
    assert.deepEqual(await statesOf(desk, 'system.trust_root_stale'), ['resolved']);
  });

  test('a chain that was tampered with is a critical finding of the whole watch', async () => {
    const desk = await openOne();
    await checkChains(desk);
    assert.deepEqual(await statesOf(desk, 'baseline.tampered'), []);
    await tamper(desk.database, desk.caller.organisationId);
    await checkChains(desk);
    assert.deepEqual(await statesOf(desk, 'baseline.tampered'), ['open']);
  });
});

async function tamper({ query }: Database, organisationId: string): Promise<void> {
  await query.updateTable('watch_chain').set({ hash: 'x' }).where('organisation_id', '=', organisationId).execute();
}

function rootOf(id: string, organisationId: string): TrustRootRow {
  return {
    ...{ id, organisation_id: organisationId, name: 'sigstore', source: 'file', metadata_url: null, targets_url: null },
    ...{ target: null, pinned_root: null, document: '{}', digest: 'a'.repeat(64), accepted_at: start },
    ...{ root_version: null, expires_at: start + 20 * day, root_expires_at: null, authorities_end_at: null },
    ...{ checked_at: start, next_check_at: null, failures: 0, failure_code: null, failure: null, since: start },
    created_at: start,
  };
}
