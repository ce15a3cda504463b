/** Statements that people hand in, by which a known signer vouches for another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestSigner, vouchType } from '@signpost/protocol/intoto/vouch';
import { mint } from '../../../../protocol/test/sigstore/minted.ts';
import type { Party } from '../../../../protocol/test/x509/authority.ts';
import type { EvidenceSources } from '../../../src/evidence/sources.ts';
import { announce, withdrawAnnouncement } from '../../../src/watch/announcements/announcement.ts';
import { listSaid } from '../../../src/watch/announcements/store.ts';
import type { FactSet } from '../../../src/watch/facts/fact-set.ts';
import type { Identity } from '../../../src/watch/facts/identity.ts';
import { changeSettings } from '../../../src/watch/policies/settings.ts';
import { observeBundles } from '../../../src/watch/readers/facts/observe-bundles.ts';
import { record } from '../../../src/watch/recording/record.ts';
import { handInVouch } from '../../../src/watch/vouching/hand-in.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { keyless, stranger as newcomer, usualFacts } from '../drift/scene.ts';
import { context, encodeBundle, foundStatement, signedAt, stranger, workflow } from '../readers/signing.ts';
import { contentOf, type Desk, day, openDesk, start } from '../recording/desk.ts';

const source = 'oci:ghcr.io/org/app';
const { issuer, subject } = newcomer;
const signer = { issuer, subject };
/** The day after the instance of the tests signs everything. */
const today = Math.ceil((signedAt - start) / day) + 1;
const timeOf = (onDay: number) => new Date(start + onDay * day).toISOString();

/** A statement in a bundle, for ten days. */
async function writeVouch(by: Party = workflow, differs: object = {}): Promise<Uint8Array<ArrayBuffer>> {
  const predicate = { source, signer, validFrom: timeOf(today - 1), validTo: timeOf(today + 9), ...differs };
  const subjects = [{ name: predicate.source, digest: { sha256: digestSigner(signer) } }];
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects,
    predicateType: vouchType,
    predicate,
  };
  return encodeBundle(await mint({ signer: by, payload: JSON.stringify(statement) }));
}

const { signatures } = await observeBundles([await foundStatement()], context);
const known = signatures[0]?.identity as Identity;
const evidence: Pick<EvidenceSources, 'readTrustedRoots' | 'builders'> = {
  readTrustedRoots: async () => context.trustedRoots.map((root) => ({ name: 'tests', root })),
  builders: context.builders,
};

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const establish = async () => {
    const desk = await openDesk(await database, `hand-in-${++count}`);
    desk.goTo(today);
    for (const onDay of [1, 2, 3]) await desk.see(onDay, { signatures: [keyless(known)] });
    return desk;
  };
  const handIn = async (desk: Desk, bundle: Uint8Array<ArrayBuffer>, caller = desk.caller) => {
    const parts = { database: desk.database, now: desk.now, evidence };
    return handInVouch(parts, caller, { sourceId: desk.source.id, bundle });
  };
  const kindsAt = async (desk: Desk, onDay: number) =>
    (await desk.see(onDay, { signatures: [keyless(newcomer)] })).findings
      .get(contentOf(onDay))
      ?.filter(({ kind }) => kind.startsWith('identity.'))
      .map(({ kind }) => kind);

  test('who is vouched for is accepted on arrival', async () => {
    const desk = await establish();
    const { valid_to } = await handIn(desk, await writeVouch());
    assert.equal(valid_to, start + (today + 9) * day);
    assert.deepEqual(await kindsAt(desk, 4), ['identity.vouched']);
    assert.equal((await desk.revisions()).at(-1)?.cause, 'vouched');
    assert.ok(await desk.isRebuilt());
  });

  test('statements and announcements are listed by kind, the newest first, page by page, while they count', async () => {
    const desk = await establish();
    const { organisationId } = desk.caller;
    const parts = { database: desk.database, now: desk.now };
    const vouch = await handIn(desk, await writeVouch());
    const word = { from: desk.now(), to: desk.now() + day, reason: 'we say "vouch": so' };
    const said = await announce(parts, desk.caller, {
      ...{ sourceId: desk.source.id, signers: { identities: [{ issuer, subject: '"vouch":' }], keys: [] }, ...word },
    });
    const list = async (differs: object) =>
      (
        await listSaid(desk.database.query, {
          ...{ organisationId, sourceId: desk.source.id, kind: undefined, openAt: desk.now(), before: undefined },
          ...{ limit: 10, ...differs },
        })
      ).map(({ id }) => id);
    assert.deepEqual(await list({}), [said.id, vouch.id]);
    assert.deepEqual(await list({ limit: 1 }), [said.id]);
    assert.deepEqual(await list({ limit: 1, before: said.id }), [vouch.id]);
    assert.deepEqual(await list({ kind: 'vouch' }), [vouch.id]);
    assert.deepEqual(await list({ kind: 'announcement' }), [said.id]);
    assert.deepEqual(await list({ openAt: desk.now() + day }), [vouch.id]);
    await withdrawAnnouncement(parts, desk.caller, { sourceId: desk.source.id, id: vouch.id });
    assert.deepEqual(await list({}), [said.id]);
    assert.deepEqual(await list({ openAt: undefined }), [said.id, vouch.id]);
    assert.deepEqual(await list({ sourceId: undefined, organisationId: said.id }), []);
  });

  test('who is there by a running word brings nobody else, nor in a line that they began themselves', async () => {
    const desk = await establish();
    await handIn(desk, await writeVouch());
    assert.deepEqual(await kindsAt(desk, 4), ['identity.vouched']);
    const third = { ...newcomer, subject: `${newcomer.subject}-third` };
    const [from, to] = [start + (today - 1) * day, start + (today + 9) * day];
    const word = {
      by: { identity: newcomer },
      vouch: { source, line: undefined, signer: { issuer, subject: third.subject }, from, to },
    };
    const seeInOwn = (onDay: number, facts: Partial<FactSet>) =>
      record(desk, {
        ...{ organisationId: desk.caller.organisationId, sourceId: desk.source.id },
        artifacts: [
          {
            ...{ line: '2', names: { version: `2.0.${onDay}` }, isDefault: false },
            facts: { ...usualFacts, content: contentOf(onDay), publishedAt: start + onDay * day, ...facts },
          },
        ],
      });
    for (const onDay of [5, 6, 7]) await seeInOwn(onDay, { signatures: [keyless(newcomer)] });
    const { findings } = await seeInOwn(8, { signatures: [keyless(third)], vouches: [word] });
    const kinds = findings.get(contentOf(8))?.map(({ kind }) => kind) ?? [];
    assert.ok(
      kinds.some((kind) => kind.startsWith('identity.new')),
      kinds.join(),
    );
    assert.ok(!kinds.includes('identity.vouched'));
  });

  test('a word that is over when they arrive lets nobody in', async () => {
    const desk = await establish();
    await handIn(desk, await writeVouch());
    desk.goTo(today + 9);
    assert.equal((await kindsAt(desk, 4))?.includes('identity.vouched'), false);
  });

  test('words of strangers, about other sources, that are over or none are refused', async () => {
    const desk = await establish();
    await assert.rejects(handIn(desk, await writeVouch(stranger)), { code: 'conflict', rule: 'watch-voucher' });
    for (const bundle of [
      await writeVouch(workflow, { source: 'oci:ghcr.io/org/other' }),
      await writeVouch(workflow, { validFrom: timeOf(today - 9), validTo: timeOf(today - 1) }),
      await writeVouch(workflow, { validTo: undefined }),
      new Uint8Array(3),
    ]) {
      await assert.rejects(handIn(desk, bundle), { code: 'invalid', rule: 'watch-vouch' });
    }
    const other = await openDesk(desk.database, `hand-in-other-${count}`);
    await assert.rejects(handIn(desk, await writeVouch(), other.caller), { code: 'not_found' });
    await changeSettings(desk, desk.caller, { twoPeople: true });
    await assert.rejects(handIn(desk, await writeVouch()), { code: 'forbidden', rule: 'watch-two-people' });
  });
});
