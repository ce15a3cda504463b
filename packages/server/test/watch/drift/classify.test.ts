/** Each kind of drift is found where it is, as bad as the table says, and nowhere else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { classify } from '../../../src/watch/drift/classify.ts';
import { type DriftKind, driftRules, severities, shiftSeverity } from '../../../src/watch/drift/kinds.ts';
import { titleOf } from '../../../src/watch/drift/titles.ts';
import { findBroken } from './broken-rows.ts';
import { pinned, tabulate } from './pinned-kinds.ts';
import { rows } from './rows.ts';
import { keyless, sightingOf, stranger, usualRevision, workflow } from './scene.ts';

/** Told by what runs over many artifacts, logs or the database; see docs/watch.md. */
const toldElsewhere: readonly DriftKind[] = [
  ...(['tlog.unseen_signing', 'tlog.inconsistent', 'observation.blind'] as const),
  'author.key_changed',
  ...(['system.mass_unverifiable', 'system.trust_root_stale', 'baseline.tampered', 'baseline.quota'] as const),
];

test('the table of kinds is as pinned', () => {
  assert.deepEqual(tabulate(driftRules), pinned);
  for (const { benign } of Object.values(driftRules)) assert.match(benign, /^[a-z].*[a-zA-Z]$/);
});

test('every kind has a title of its own, short enough for a line of a list', () => {
  const titles = Object.keys(driftRules).map(titleOf);
  for (const title of titles) assert.match(title, /^[A-Z].{5,60}[a-z]$/);
  assert.equal(new Set(titles).size, titles.length);
  assert.equal(titleOf('toString'), 'toString', 'of a kind that is not known, its name');
});

test('every kind has a case that fires and one that does not, or is told elsewhere', () => {
  for (const kind of Object.keys(driftRules) as DriftKind[]) {
    const own = rows.filter((row) => row.kind === kind);
    if (toldElsewhere.includes(kind)) assert.equal(own.length, 0, kind);
    else assert.ok(own.some(({ fires }) => fires.length > 0) && own.some(({ silent }) => silent.length > 0), kind);
  }
});

test('each row fires in its cases and stays silent in its harmless neighbours', () => {
  assert.deepEqual(findBroken({ classify, driftRules }), []);
});

describe('findings', () => {
  test('of the same change in later releases have one fingerprint, of another change, line or source another', () => {
    const print = (differs: Parameters<typeof sightingOf>[0]) => classify(sightingOf(differs))[0]?.fingerprint;
    const change = { signatures: [keyless(stranger)] };
    const first = print({ facts: change });
    assert.match(first ?? '', /^[0-9a-f]{64}$/);
    assert.equal(print({ facts: { ...change, content: 'f'.repeat(64), publishedAt: 5 } }), first);
    assert.equal(print({ facts: change, revision: { state: 'learning' }, place: { isInUse: true } }), first);
    // As it comes out of the database.
    const sorted = Object.fromEntries(Object.entries(stranger).sort()) as unknown as typeof stranger;
    assert.equal(print({ facts: { signatures: [keyless(sorted)] } }), first);
    const others = [
      print({ facts: { signatures: [keyless({ ...stranger, runner: 'self-hosted' })] } }),
      print({ facts: change, place: { line: '2' } }),
      print({ facts: change, place: { source: 'oci:ghcr.io/org/other' } }),
    ];
    assert.equal(new Set([first, ...others]).size, 4);
  });

  test('come worst first, and one stranger who signs twice is one finding', () => {
    const found = classify(
      sightingOf({ facts: { signatures: [keyless(stranger), keyless(stranger)], sbom: 'absent', provenance: [] } }),
    );
    assert.deepEqual(
      found.map(({ kind, severity }) => [kind, severity]),
      [
        ['identity.new_owner', 'critical'],
        ['provenance.lost', 'high'],
        ['sbom.lost', 'low'],
      ],
    );
  });

  test('name what others wrote to the letter, also what no canonical form takes', () => {
    const subject = 'https://github.com/org/app\u2028\ud800\u0000\u202e';
    const [finding] = classify(sightingOf({ facts: { signatures: [keyless({ ...stranger, subject })] } }));
    assert.ok(finding?.after[0]?.startsWith(subject));
    assert.match(finding?.fingerprint ?? '', /^[0-9a-f]{64}$/);
  });

  test('do not depend on the order of signatures or of what is accepted', () => {
    const signers = [workflow(), stranger, workflow({ refType: 'branch' }), workflow({ runner: 'self-hosted' })];
    const subset = fc.shuffledSubarray(signers);
    fc.assert(
      fc.property(subset, subset, (seen, known) => {
        const identities = known.map((identity) => ({ identity, state: 'accepted' as const }));
        const print = (list: typeof signers, reversed: boolean) =>
          classify(
            sightingOf({
              revision: { ...usualRevision, identities: reversed ? [...identities].reverse() : identities },
              facts: { signatures: list.map((identity) => keyless(identity)) },
            }),
          )
            .map(({ fingerprint }) => fingerprint)
            .sort();
        assert.deepEqual(print(seen, false), print([...seen].reverse(), true));
      }),
    );
  });
});

test('a severity moves within the levels that there are', () => {
  for (const [index, severity] of severities.entries()) {
    for (const steps of [-9, -1, 0, 1, 9]) {
      const moved = severities.indexOf(shiftSeverity(severity, steps));
      assert.equal(moved, Math.min(Math.max(index + steps, 0), severities.length - 1));
    }
  }
});
