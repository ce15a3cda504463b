/** People decide on findings, and only they make somebody known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertMembership, insertPerson, updatePerson } from '../../../src/accounts/store.ts';
import type { Caller } from '../../../src/audit/audit.ts';
import { announce, withdrawAnnouncement } from '../../../src/watch/announcements/announcement.ts';
import { decideFinding } from '../../../src/watch/findings/decide.ts';
import {
  type FindingRow,
  listFindingArtifacts,
  listFindingEvents,
  listFindings,
} from '../../../src/watch/findings/store.ts';
import type { Verdict } from '../../../src/watch/findings/verdict.ts';
import { changeSettings } from '../../../src/watch/policies/settings.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { hex, keyless, stranger, workflow } from '../drift/scene.ts';
import { easeSettings } from '../policies/ease.ts';
import { contentOf, type Desk, day, openDesk, openEstablished, start } from './desk.ts';

const attack = { signatures: [keyless(stranger)] };

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const establish = async () => openEstablished(await database, `org-${++count}`);
  const findingOf = async (desk: Desk, kind: string): Promise<FindingRow> => {
    const { organisationId } = desk.caller;
    const rows = await listFindings(desk.database.query, { organisationId, limit: 50 });
    return rows.find((row) => row.kind === kind) ?? assert.fail(`expected ${kind}`);
  };
  const say = async (desk: Desk, kind: string, verdict: Verdict, caller: Caller = desk.caller) =>
    decideFinding(desk, caller, { id: (await findingOf(desk, kind)).id, verdict, reason: 'looked into' });
  const kindsAt = async (desk: Desk, onDay: number, facts: Parameters<Desk['see']>[1]) =>
    (await desk.see(onDay, facts)).findings.get(contentOf(onDay))?.map(({ kind }) => kind);

  test('an accepted signer signs from then on, and the revision says who decided it', async () => {
    const desk = await establish();
    await desk.see(4, attack);
    await say(desk, 'identity.new_owner', { kind: 'acknowledge' });
    const row = await say(desk, 'identity.new_owner', { kind: 'accept', scope: 'line' });
    assert.equal(row.state, 'accepted');
    assert.deepEqual(await kindsAt(desk, 5, attack), []);
    const last = (await desk.revisions()).at(-1);
    assert.deepEqual([last?.cause, JSON.parse(last?.actor ?? '{}').kind], ['decided', 'system']);
    const acts = (await listFindingEvents(desk.database.query, row.id)).map(({ act }) => act);
    assert.deepEqual(acts, ['opened', 'acknowledged', 'accepted']);
    assert.ok(await desk.isRebuilt());
  });

  test('an acceptance with an end lets the change go until then, and makes nobody known', async () => {
    const desk = await establish();
    await desk.see(4, attack);
    await say(desk, 'identity.new_owner', { kind: 'accept', scope: 'line', until: start + 20 * day });
    desk.goTo(19);
    await desk.see(5, attack);
    assert.equal((await findingOf(desk, 'identity.new_owner')).state, 'accepted');
    assert.deepEqual(
      (await desk.latest()).identities.map(({ identity }) => identity),
      [workflow()],
    );
    desk.goTo(21);
    await desk.see(5, attack);
    const row = await findingOf(desk, 'identity.new_owner');
    assert.equal(row.state, 'open');
    assert.deepEqual(
      (await listFindingEvents(desk.database.query, row.id)).map(({ act }) => act),
      ['opened', 'accepted', 'expired'],
    );
    assert.ok(await desk.isRebuilt());
  });

  test('a change of habits that is accepted is usual from then on', async () => {
    const desk = await establish();
    await desk.see(4, { provenance: [] });
    await say(desk, 'provenance.lost', { kind: 'accept', scope: 'source' });
    assert.deepEqual(await kindsAt(desk, 5, { provenance: [] }), []);
    assert.equal((await desk.latest()).provenance.present, 'sometimes');
    assert.ok(await desk.isRebuilt());
  });

  test('a rejected signer is remembered, what they signed is quarantined, and their return is critical', async () => {
    const desk = await establish();
    await desk.see(4, attack);
    const row = await say(desk, 'identity.new_owner', { kind: 'reject' });
    const [artifact] = await listFindingArtifacts(desk.database.query, row.id, 9);
    assert.ok(artifact?.quarantined_at);
    assert.deepEqual(await kindsAt(desk, 5, { signatures: [keyless({ ...stranger, runner: 'self-hosted' })] }), [
      'identity.revoked_seen',
    ]);
    assert.equal((await findingOf(desk, 'identity.revoked_seen')).severity, 'critical');
    assert.ok(await desk.isRebuilt());
  });

  test('what was nothing this time is told again for another artifact only', async () => {
    const desk = await establish();
    await desk.see(4, { sbom: 'absent' });
    await say(desk, 'sbom.lost', { kind: 'dismiss' });
    await desk.see(4, { sbom: 'absent' });
    assert.equal((await findingOf(desk, 'sbom.lost')).state, 'benign');
    await desk.see(5, { sbom: 'absent' });
    assert.equal((await findingOf(desk, 'sbom.lost')).state, 'open');
  });

  test('what was decided is not decided again, and an end is neither past nor years away', async () => {
    const desk = await establish();
    await desk.see(4, attack);
    for (const until of [start, start + 900 * day]) {
      await assert.rejects(say(desk, 'identity.new_owner', { kind: 'accept', scope: 'line', until }), {
        rule: 'watch-acceptance-end',
      });
    }
    await say(desk, 'identity.new_owner', { kind: 'reject' });
    for (const kind of ['acknowledge', 'dismiss', 'reject'] as const) {
      await assert.rejects(say(desk, 'identity.new_owner', { kind }), {
        code: 'conflict',
        rule: 'watch-finding-state',
      });
    }
    const other = await openDesk(desk.database, `other-${count}`);
    await assert.rejects(say(desk, 'identity.new_owner', { kind: 'reject' }, other.caller), { code: 'not_found' });
  });

  test('what is critical is accepted by two people where the organisation asks for it', async () => {
    const desk = await establish();
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await desk.see(4, attack);
    const accept: Verdict = { kind: 'accept', scope: 'line' };
    const person = await openPeople(desk, { a: start, b: start });
    await assert.rejects(say(desk, 'identity.new_owner', accept), { code: 'forbidden', rule: 'watch-two-people' });
    assert.equal((await say(desk, 'identity.new_owner', accept, person('a'))).state, 'acknowledged');
    await assert.rejects(say(desk, 'identity.new_owner', accept, person('a')), {
      code: 'conflict',
      rule: 'watch-two-people',
    });
    assert.deepEqual(await kindsAt(desk, 5, attack), ['identity.new_owner']);
    const late = (await openPeople(desk, { late: start + 400 * day }))('late');
    await assert.rejects(say(desk, 'identity.new_owner', accept, late), {
      code: 'forbidden',
      rule: 'watch-two-people',
    });
    // Another wish is a proposal of its own.
    const wider: Verdict = { kind: 'accept', scope: 'source' };
    assert.equal((await say(desk, 'identity.new_owner', wider, person('b'))).state, 'acknowledged');
    assert.equal((await say(desk, 'identity.new_owner', wider, person('a'))).state, 'accepted');
    assert.deepEqual(await kindsAt(desk, 6, attack), []);
  });

  test('where two people are asked for, neither one of them nor a key dismisses what is critical', async () => {
    const desk = await establish();
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await desk.see(4, attack);
    const dismiss: Verdict = { kind: 'dismiss' };
    const person = await openPeople(desk, { a: start, b: start, c: start });
    await assert.rejects(say(desk, 'identity.new_owner', dismiss), { code: 'forbidden', rule: 'watch-two-people' });
    assert.equal((await say(desk, 'identity.new_owner', dismiss, person('a'))).state, 'acknowledged');
    const left = person('a').actor.id ?? '';
    await desk.database.transaction((tx) => updatePerson(tx, left, { disabled_at: start }));
    const alone = await say(desk, 'identity.new_owner', dismiss, person('b'));
    assert.equal(alone.state, 'acknowledged', 'whoever may not log in any more speaks for nobody');
    assert.equal((await say(desk, 'identity.new_owner', dismiss, person('c'))).state, 'benign');
  });

  test('an announced signer is known on arrival, within the time and by every claim that was named', async () => {
    const desk = await establish();
    const { issuer, subject, repositoryId } = stranger;
    const request = {
      ...{ sourceId: desk.source.id, from: start + 12 * day, to: start + 20 * day, reason: 'the project moves' },
      signers: { identities: [{ issuer, subject, repositoryId }], keys: [] },
    };
    await announce(desk, desk.caller, request);
    assert.deepEqual(await kindsAt(desk, 4, attack), ['identity.new_owner']);
    desk.goTo(13);
    assert.deepEqual(await kindsAt(desk, 5, { signatures: [keyless({ ...stranger, repositoryId: '1' })] }), [
      'identity.new_owner',
    ]);
    assert.deepEqual(await kindsAt(desk, 6, attack), []);
    assert.equal((await desk.revisions()).at(-1)?.cause, 'announced');
    assert.ok(await desk.isRebuilt());
  });

  test('an announcement that was taken back, or says nothing, announces nobody', async () => {
    const desk = await establish();
    const request = {
      ...{ sourceId: desk.source.id, from: start, to: start + 20 * day, reason: 'a new key' },
      signers: { identities: [], keys: [hex('b')] },
    };
    for (const [differs, rule] of [
      [{ to: start + day }, 'watch-announcement-time'],
      [{ to: start + 400 * day }, 'watch-announcement-time'],
      [{ signers: { identities: [], keys: [] } }, 'watch-announcement-signers'],
    ] as const) {
      await assert.rejects(announce(desk, desk.caller, { ...request, ...differs }), { code: 'invalid', rule });
    }
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await assert.rejects(announce(desk, desk.caller, request), { code: 'forbidden', rule: 'watch-two-people' });
    await easeSettings(desk);
    const { id } = await announce(desk, desk.caller, request);
    await withdrawAnnouncement(desk, desk.caller, { sourceId: desk.source.id, id });
    await assert.rejects(withdrawAnnouncement(desk, desk.caller, { sourceId: desk.source.id, id }), {
      code: 'not_found',
    });
    assert.deepEqual(
      await kindsAt(desk, 4, { signatures: [{ ...keyless(), identity: undefined, kind: 'keyless', key: hex('b') }] }),
      ['key.new'],
    );
  });
});

/** People of the desk's organisation by name, with the time since when they are; the callers that they are. */
async function openPeople(desk: Desk, since: Readonly<Record<string, number>>): Promise<(name: string) => Caller> {
  const { organisationId } = desk.caller;
  const idOf = (name: string) => `${organisationId}-${name}`;
  for (const [name, at] of Object.entries(since)) {
    const person = { id: idOf(name), email: `${idOf(name)}@example.org`, name, password_hash: '', disabled_at: null };
    await insertPerson(desk.database.query, { ...person, created_at: at });
    const membership = { organisation_id: organisationId, person_id: idOf(name), role: 'manager' as const };
    await insertMembership(desk.database.query, { ...membership, created_at: at });
  }
  return (name) => ({ ...desk.caller, actor: { kind: 'person', id: idOf(name), sessionId: null } });
}
