/** What people say of signers without a finding, of mirrors, and what several findings of one artifact are together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../../src/audit/audit.ts';
import { listCaseFindings, listCases } from '../../../src/watch/cases/store.ts';
import { decideSigners, type SignerDecision } from '../../../src/watch/decisions/decide-signers.ts';
import { listKinds } from '../../../src/watch/drift/kinds.ts';
import type { FactSet } from '../../../src/watch/facts/fact-set.ts';
import { type FindingFilter, listFindings } from '../../../src/watch/findings/store.ts';
import { parseGateReference, readVerdict } from '../../../src/watch/gates/verdict.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { changeSettings } from '../../../src/watch/policies/settings.ts';
import { record } from '../../../src/watch/recording/record.ts';
import { changeMirror } from '../../../src/watch/sources/mirrors.ts';
import { addSource } from '../../../src/watch/sources/source.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { hex, hour, keyless, stranger, usualFacts, workflow } from '../drift/scene.ts';
import { easeSettings } from '../policies/ease.ts';
import { contentOf, type Desk, day, openDesk, openEstablished, start } from './desk.ts';

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const establish = async () => openEstablished(await database, `signers-${++count}`);
  const decide = (desk: Desk, differs: Partial<SignerDecision> = {}, caller: Caller = desk.caller) => {
    const { issuer, subject } = workflow();
    return decideSigners(desk, caller, {
      ...{ sourceId: desk.source.id, kind: 'declare', line: undefined, reason: 'their page says so' },
      ...{ signers: { identities: [{ issuer, subject }], keys: [] }, ...differs },
    });
  };
  const kindsAt = async (desk: Desk, onDay: number, facts: Partial<FactSet>) =>
    (await desk.see(onDay, facts)).findings.get(contentOf(onDay))?.map(({ kind }) => kind);

  test('who is declared signs, whole as they were seen, and nothing is learned any more', async () => {
    const desk = await establish();
    assert.deepEqual(await decide(desk), ['1']);
    const { state, identities } = await desk.latest();
    assert.deepEqual([state, identities], ['declared', [{ identity: workflow(), state: 'accepted' }]]);
    assert.deepEqual(await kindsAt(desk, 4, { signatures: [keyless(stranger)] }), ['identity.new_owner']);
    assert.ok(await desk.isRebuilt());
  });

  test('who is retired or revoked is told when they come back', async () => {
    for (const [kind, drift] of [
      ['retire', 'identity.retired_seen'],
      ['revoke', 'identity.revoked_seen'],
    ] as const) {
      const desk = await establish();
      await decide(desk, { kind });
      assert.ok((await kindsAt(desk, 4, {}))?.includes(drift));
      assert.ok(await desk.isRebuilt());
    }
  });

  test('nobody, somebody unseen, and a source without lines are refused', async () => {
    const desk = await establish();
    const { issuer } = workflow();
    for (const [differs, rule] of [
      [{ signers: { identities: [], keys: [] } }, 'watch-signer'],
      [{ signers: { identities: [{ issuer, subject: 'never' }], keys: [] } }, 'watch-signer-unseen'],
    ] as const) {
      await assert.rejects(decide(desk, differs), { rule });
    }
    const empty = await openDesk(desk.database, `empty-${count}`);
    const signers = { identities: [], keys: [hex('a')] };
    await assert.rejects(decide(empty, { signers }), { code: 'conflict', rule: 'watch-no-line' });
    assert.deepEqual(await decide(empty, { signers, line: '1' }), ['1']);
    await assert.rejects(decide(desk, {}, empty.caller), { code: 'not_found' });
  });

  test('where two people accept a stranger, one does not declare them', async () => {
    const desk = await establish();
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await desk.see(4, { signatures: [keyless(stranger)] });
    const { issuer, subject } = stranger;
    const signers = { identities: [{ issuer, subject }], keys: [] };
    await assert.rejects(decide(desk, { signers }), { code: 'forbidden', rule: 'watch-two-people' });
    assert.deepEqual(await decide(desk), ['1']);
    assert.deepEqual(await decide(desk, { signers, kind: 'revoke' }), ['1']);
  });

  test('findings of one artifact are one case', async () => {
    const desk = await establish();
    const { query } = desk.database;
    const { organisationId } = desk.caller;
    await desk.see(4, { signatures: [keyless(stranger)], sbom: 'absent' });
    await desk.see(5, { sbom: 'absent' });
    const cases = await listCases(query, { organisationId, before: undefined, limit: 9 });
    assert.deepEqual(
      cases.map(({ content, line, key }) => [content, line, key]),
      [5, 4].map((onDay) => [contentOf(onDay), '1', 'oci:ghcr.io/org/app']),
    );
    const findings = await listCaseFindings(
      query,
      cases.map(({ number }) => number),
    );
    assert.deepEqual(
      cases.map(({ number }) => findings.filter(({ artifact }) => artifact === number).length),
      [1, 2],
    );
    const [, second] = cases;
    const gravest = await listCases(query, { organisationId, order: 'gravest', before: undefined, limit: 1 });
    assert.deepEqual(
      gravest.map(({ content }) => content),
      [contentOf(4)],
    );
    assert.equal((await listCases(query, { organisationId, before: second?.number, limit: 9 })).length, 0);
  });

  test('findings are listed by kinds and states, and the gravest before those that are newer', async () => {
    const desk = await establish();
    await desk.see(4, { signatures: [keyless(stranger)] });
    await desk.see(5, { sbom: 'absent' });
    const { organisationId } = desk.caller;
    const list = async (filter: Partial<FindingFilter>) => {
      const rows = await listFindings(desk.database.query, { organisationId, limit: 9, ...filter });
      return rows.map(({ kind }) => kind);
    };
    assert.deepEqual(await list({}), ['sbom.lost', 'identity.new_owner']);
    assert.deepEqual(await list({ order: 'gravest' }), ['identity.new_owner', 'sbom.lost']);
    assert.deepEqual(await list({ kinds: listKinds('identity') }), ['identity.new_owner']);
    assert.deepEqual(await list({ kinds: ['sbom.lost'], states: ['open', 'acknowledged'] }), ['sbom.lost']);
    assert.deepEqual(await list({ states: ['acknowledged'] }), []);
  });

  test('a signature that comes after what it is of ends what its lack told', async () => {
    const desk = await establish();
    await desk.see(4, { signatures: [] });
    const states = async () => {
      const rows = await listFindings(desk.database.query, { organisationId: desk.caller.organisationId, limit: 9 });
      return rows.map(({ kind, state }) => `${kind} ${state}`);
    };
    assert.deepEqual(await states(), ['signature.lost open']);
    await desk.see(4, { signatures: 'unknown' });
    assert.deepEqual(await states(), ['signature.lost open']);
    await desk.see(4);
    assert.deepEqual(await states(), ['signature.lost resolved']);
    await desk.see(5, { signatures: [keyless(stranger)] });
    await desk.see(5);
    assert.ok((await states()).includes('identity.new_owner open'), 'critical');
  });

  test('a mirror is judged by the baseline of what it mirrors, and where it differs for long, that is told', async () => {
    const desk = await establish();
    const request = { reference: 'quay.io/org/app', rules: learningPresets.usual, isDevelopment: false };
    const mirror = await addSource(desk, desk.caller, request);
    const change = (sourceId: string, of: string | null) => changeMirror(desk, desk.caller, { sourceId, of });
    await changeSettings(desk, desk.caller, { twoPeople: true });
    const refused = { code: 'forbidden', rule: 'watch-two-people' };
    await assert.rejects(change(mirror.id, desk.source.id), refused);
    await easeSettings(desk);
    await change(mirror.id, desk.source.id);
    for (const [sourceId, of] of [
      [desk.source.id, mirror.id],
      [desk.source.id, desk.source.id],
    ] as const) {
      await assert.rejects(change(sourceId, of), { code: 'conflict', rule: 'watch-mirror' });
    }
    let at = desk.now();
    const see = async (onDay: number, facts: Partial<FactSet>) => {
      const seen = await record(
        { database: desk.database, now: () => at },
        {
          ...{ organisationId: desk.caller.organisationId, sourceId: mirror.id },
          artifacts: [
            {
              ...{ line: '1', names: { version: `1.0.${onDay}` }, isDefault: false },
              facts: { ...usualFacts, content: contentOf(onDay), publishedAt: start + onDay * day, ...facts },
            },
          ],
        },
      );
      return seen.findings.get(facts.content ?? contentOf(onDay))?.map(({ kind, severity }) => `${kind} ${severity}`);
    };
    assert.deepEqual(await see(3, {}), []);
    assert.deepEqual(await see(4, { signatures: [keyless(stranger)] }), ['identity.new_owner critical']);
    assert.deepEqual(await see(2, { content: contentOf(22) }), ['mirror.divergence note']);
    at += 2 * hour;
    assert.deepEqual(await see(2, { content: contentOf(22) }), ['mirror.divergence high']);
    const ask = async (onDay: number) => {
      const reference = parseGateReference(`quay.io/org/app@sha256:${contentOf(onDay)}`, undefined);
      const { organisationId } = desk.caller;
      return (await readVerdict(desk, { organisationId, reference, environment: undefined })).outcome;
    };
    assert.deepEqual([await ask(3), await ask(4), await ask(22)], ['ok', 'deny', 'deny']);
    await change(mirror.id, null);
    assert.deepEqual(await ask(3), 'unknown');
  });
});
