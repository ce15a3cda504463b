/** A known signer's word for a new one, and where it does not count. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Revision } from '../../../src/watch/baseline/revision.ts';
import { emptyRevision } from '../../../src/watch/baseline/revision.ts';
import type { FactSet, VouchFact } from '../../../src/watch/facts/fact-set.ts';
import { selectVouched, type VouchQuestion } from '../../../src/watch/learning/vouch.ts';
import { changeSettings } from '../../../src/watch/policies/settings.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { byKey, hex, keyless, person, stranger, usualFacts, workflow } from '../drift/scene.ts';
import { contentOf, type Desk, day, openEstablished, start } from '../recording/desk.ts';

const source = 'oci:ghcr.io/org/app';
const { issuer, subject } = stranger;

function vouchBy(by: VouchFact['by'] = { identity: workflow() }, differs: Partial<VouchFact['vouch']> = {}): VouchFact {
  const [from, to] = [start, start + 30 * day];
  return { by, vouch: { source, line: undefined, signer: { issuer, subject }, from, to, ...differs } };
}

const seen = (vouches: readonly VouchFact[], ...signatures: readonly ReturnType<typeof keyless>[]): FactSet => ({
  ...usualFacts,
  signatures: signatures.length > 0 ? signatures : [keyless(stranger)],
  vouches,
});

describe('a word for a signer', () => {
  const revision: Revision = {
    ...{ ...emptyRevision, state: 'established' },
    identities: [{ identity: workflow(), state: 'accepted' }],
    keys: [{ key: hex('a'), state: 'accepted' }],
  };
  const vouchedFor = (facts: FactSet, differs: Partial<VouchQuestion> = {}) =>
    selectVouched({
      ...{ revision, decisions: [], facts: [facts], handedIn: [], source, line: '1', at: start + day, ...differs },
    }).map(({ signature }) => signature.identity?.subject ?? signature.key);

  test('counts from an accepted identity or key, for an identity or key', () => {
    assert.deepEqual(vouchedFor(seen([vouchBy()])), [subject]);
    assert.deepEqual(vouchedFor(seen([vouchBy({ key: hex('a') })])), [subject]);
    assert.deepEqual(
      vouchedFor(
        seen(
          [vouchBy({}, { signer: { key: hex('b') } })].map((one) => ({ ...one, by: { key: hex('a') } })),
          byKey(hex('b')),
        ),
      ),
      [hex('b')],
    );
    assert.deepEqual(vouchedFor(seen([vouchBy(undefined, { line: '1' })])), [subject]);
  });

  for (const [name, facts, differs] of [
    ['from a stranger', seen([vouchBy({ identity: person })]), {}],
    ['from the one whom it is for', seen([vouchBy({ identity: stranger })]), {}],
    ['for another source', seen([vouchBy(undefined, { source: 'oci:ghcr.io/org/other' })]), {}],
    ['for another line', seen([vouchBy(undefined, { line: '2' })]), {}],
    ['for somebody else', seen([vouchBy()], keyless(person)), {}],
    ['for a key that has another name', seen([vouchBy(undefined, { signer: { key: hex('b') } })], byKey(hex('c'))), {}],
    ['before its time', seen([vouchBy()]), { at: start - 1 }],
    ['after its time', seen([vouchBy()]), { at: start + 30 * day }],
    ['where nothing is established', seen([vouchBy()]), { revision: { ...revision, state: 'learning' } }],
    [
      'for a pull request that it does not name',
      seen([vouchBy()], keyless({ ...stranger, refType: 'pull-request' })),
      {},
    ],
    [
      'for whoever was turned away, under whatever name',
      seen([vouchBy()], keyless({ ...stranger, runner: 'self-hosted' })),
      { revision: { ...revision, identities: [...revision.identities, { identity: stranger, state: 'rejected' }] } },
    ],
    [
      'from whoever was turned away',
      seen([vouchBy()]),
      { revision: { ...revision, identities: [{ identity: workflow(), state: 'revoked' }] } },
    ],
    [
      'from whoever is there by a word that is still running',
      seen([vouchBy()]),
      { decisions: [{ kind: 'accept', identities: [workflow()], keys: [], vouchedUntil: start + 2 * day }] },
    ],
  ] as const satisfies readonly (readonly [string, FactSet, Partial<VouchQuestion>])[]) {
    test(`does not count ${name}`, () => {
      assert.deepEqual(vouchedFor(facts, differs), []);
    });
  }

  test('counts from whoever was there by a word when that has ended, or by a decision', () => {
    const accept = { kind: 'accept', identities: [workflow()], keys: [] } as const;
    assert.deepEqual(vouchedFor(seen([vouchBy()]), { decisions: [accept] }), [subject]);
    assert.deepEqual(vouchedFor(seen([vouchBy()]), { decisions: [{ ...accept, vouchedUntil: start }] }), [subject]);
  });
});

forEachEngine((_name, open) => {
  const database = open();
  let count = 0;
  const establish = async () => openEstablished(await database, `vouch-${++count}`);
  const kindsAt = async (desk: Desk, onDay: number, facts: Partial<FactSet>) =>
    (await desk.see(onDay, facts)).findings
      .get(contentOf(onDay))
      ?.filter(({ kind }) => kind.startsWith('identity.'))
      .map(({ kind, severity }) => `${kind} ${severity}`);

  test('who is vouched for is told once, low, and accepted by a revision that says so', async () => {
    const desk = await establish();
    const facts = { signatures: [keyless(stranger)], vouches: [vouchBy()] };
    assert.deepEqual(await kindsAt(desk, 4, facts), ['identity.vouched low']);
    const { cause, version } = (await desk.revisions()).at(-1) ?? assert.fail();
    assert.equal(cause, 'vouched');
    assert.ok((await desk.latest()).identities.some(({ identity }) => identity.subject === subject));
    assert.deepEqual(await kindsAt(desk, 5, { signatures: [keyless(stranger)] }), []);
    assert.equal((await desk.revisions()).at(-1)?.version, version);
    assert.ok(await desk.isRebuilt());
  });

  test('nobody brings others along in the same look, nor while the word for them is running', async () => {
    const desk = await establish();
    const chain = vouchBy({ identity: stranger }, { signer: { issuer: person.issuer, subject: person.subject } });
    const both = { signatures: [keyless(stranger), keyless(person)], vouches: [vouchBy(), chain] };
    assert.ok((await kindsAt(desk, 4, both))?.includes('identity.vouched low'));
    const alone = { signatures: [keyless(person)], vouches: [chain] };
    assert.deepEqual(await kindsAt(desk, 5, alone), ['identity.new_issuer critical']);
    desk.goTo(31);
    assert.deepEqual(
      await kindsAt(desk, 6, { ...alone, vouches: [{ ...chain, vouch: { ...chain.vouch, to: start + 60 * day } }] }),
      ['identity.vouched low'],
    );
    assert.ok(await desk.isRebuilt());
  });

  test('where two people accept strangers, one signer’s word does not', async () => {
    const desk = await establish();
    await changeSettings(desk, desk.caller, { twoPeople: true });
    const facts = { signatures: [keyless(stranger)], vouches: [vouchBy()] };
    assert.deepEqual(await kindsAt(desk, 4, facts), ['identity.new_owner critical']);
  });
});
