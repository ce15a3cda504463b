/** A line is learned from what was published, known after enough of it, and taught by nobody but people afterwards. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Revision } from '../../../src/watch/baseline/revision.ts';
import { classify } from '../../../src/watch/drift/classify.ts';
import type { FactSet } from '../../../src/watch/facts/fact-set.ts';
import type { Identity } from '../../../src/watch/facts/identity.ts';
import { type Advance, advanceRevision } from '../../../src/watch/learning/advance.ts';
import { applyDecision, type Decision } from '../../../src/watch/learning/decision.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import type { Sample } from '../../../src/watch/learning/sample.ts';
import { isWidenable } from '../../../src/watch/learning/widen.ts';
import { rows } from '../drift/rows.ts';
import {
  bareFacts,
  byKey,
  hex,
  hour,
  keyless,
  provenance,
  sightingOf,
  stranger,
  usualFacts,
  workflow,
} from '../drift/scene.ts';

const day = 24 * hour;
const start = Date.UTC(2026, 0, 1);
const rules = learningPresets.usual;

/** An artifact of the day, seen at once unless said otherwise. */
function sample(onDay: number, facts: Partial<FactSet> = {}, seenOnDay = onDay): Sample {
  const at = start + onDay * day;
  return {
    number: onDay,
    firstSeenAt: start + seenOnDay * day,
    facts: { ...usualFacts, content: String(onDay).padStart(64, '0'), publishedAt: at, ...facts },
  };
}

function learn(samples: readonly Sample[], differs: Partial<Advance> & { nowDay?: number; rules?: typeof rules } = {}) {
  const { nowDay = 40, rules: used = rules, ...others } = differs;
  const lesson = { samples, rules: used, declaredRepository: undefined, now: start + nowDay * day };
  return advanceRevision({ before: undefined, decisions: [], seen: [], lesson, ...others });
}

function signersOf(revision: Revision | undefined): readonly string[] {
  return [
    ...(revision?.identities.map(({ identity, state }) => `${state} ${identity.repository ?? identity.subject}`) ?? []),
    ...(revision?.keys.map(({ key, state }) => `${state} ${key.slice(0, 1)}`) ?? []),
  ];
}

const three = [sample(1), sample(2), sample(3)];
const own = `accepted ${workflow().repository}`;

describe('a line', () => {
  test('of which nothing could be looked into is cold', () => {
    assert.equal(learn([sample(1, { signatures: 'unknown' })]), undefined);
    assert.equal(learn([]), undefined);
  });

  test('is established from the dates of what was published, on the day that it is watched', () => {
    const found = learn(three.map((one) => ({ ...one, firstSeenAt: start + 39 * day })));
    assert.equal(found?.revision.state, 'established');
    assert.deepEqual(signersOf(found?.revision), [own]);
    assert.deepEqual(found?.revision.signed, 'always');
    assert.equal(found?.cause, 'learned');
  });

  for (const [why, samples, nowDay] of [
    ['with too few artifacts', [sample(1), sample(2)], 40],
    ['with artifacts of too few days', [sample(1), sample(2), { ...sample(2.4), number: 9 }], 40],
    ['that is too young', [sample(1), sample(1.1), sample(1.2)], 1.9],
    ['whose last artifacts could not be looked into', [...three, sample(4, { signatures: 'unknown' })], 40],
    ['of one artifact under many names', [1, 2, 3].map((on) => sample(on, { content: hex('1') })), 40],
  ] as const) {
    test(`${why} is still learned`, () => {
      assert.equal(learn(samples, { nowDay })?.revision.state, 'learning');
    });
  }

  test('that nobody signs is established too, and so is one that keys sign', () => {
    const bare = learn(
      [1, 2, 3].map((on) =>
        sample(on, { ...bareFacts, content: String(on).padStart(64, 'a'), publishedAt: start + on * day }),
      ),
    );
    assert.deepEqual([bare?.revision.state, bare?.revision.signed], ['established', 'never']);
    const keyed = learn([1, 2, 3].map((on) => sample(on, { signatures: [byKey()] })));
    assert.deepEqual([keyed?.revision.state, signersOf(keyed?.revision)], ['established', ['accepted a']]);
  });

  test('is known after a day of one signer by the preset that counts from the first look', () => {
    const seed = learningPresets['first-day'] as unknown as typeof rules;
    const old = sample(1, {}, 10);
    assert.equal(learn([old], { rules: seed, nowDay: 10.9 })?.revision.state, 'learning');
    assert.equal(learn([old], { rules: seed, nowDay: 11 })?.revision.state, 'established');
  });

  test('with a date in the future counts from when it was seen', () => {
    const late = [1, 2, 3].map((on) => sample(on, { publishedAt: start + 900 * day }));
    assert.equal(learn(late)?.revision.state, 'established');
  });
});

describe('somebody new', () => {
  const foreign = { signatures: [keyless(stranger)] };

  test('is noted while a line is learned', () => {
    const found = learn([sample(1), sample(2, foreign)]);
    assert.deepEqual(signersOf(found?.revision), [`accepted ${stranger.repository}`, own]);
  });

  test('who came by once is a stranger when the line is established', () => {
    const found = learn([...three, sample(4, foreign)]);
    assert.equal(found?.revision.state, 'established');
    assert.deepEqual(signersOf(found?.revision), [own]);
    assert.deepEqual(found?.revision.provenance.repositories, [workflow().repository]);
  });

  test('who has shown enough beside another is accepted with them', () => {
    const both = learn([...three, ...[4, 5, 6].map((on) => sample(on, foreign))]);
    assert.deepEqual(signersOf(both?.revision), [`accepted ${stranger.repository}`, own]);
  });

  test('is never learned by an established line, however often and long they sign', () => {
    const before = learn(three)?.revision;
    const samples = [...three, ...Array.from({ length: 30 }, (_, index) => sample(4 + index, foreign))];
    assert.equal(learn(samples, { before, seen: samples.map(({ facts }) => facts) }), undefined);
  });

  test('who signed once and waited for thirty days is as strange as before', () => {
    const before = learn(three)?.revision;
    assert.ok(before);
    const attack = sample(5, foreign);
    for (const nowDay of [5, 6, 35, 400]) {
      assert.equal(learn([...three, attack], { before, seen: [attack.facts], nowDay }), undefined);
      const [finding] = classify(sightingOf({ revision: before, facts: attack.facts }));
      assert.deepEqual([finding?.kind, finding?.gate], ['identity.new_owner', 'deny']);
    }
  });

  test('who was turned away is not learned, under no name and from no runner', () => {
    const decisions: readonly Decision[] = [{ kind: 'reject', identities: [stranger], keys: [hex('b')] }];
    const again: Identity = { ...stranger, runner: 'self-hosted' };
    const found = learn(
      [
        sample(1),
        ...[2, 3, 4].map((on) => sample(on, { signatures: [keyless(again)] })),
        sample(5, { signatures: [byKey(hex('b'))] }),
      ],
      { decisions },
    );
    assert.deepEqual(signersOf(found?.revision), [`rejected ${stranger.repository}`, own, 'rejected b']);
    assert.equal(found?.revision.state, 'learning');
  });
});

describe('a rename', () => {
  const renamed = workflow({ repository: 'https://github.com/org/new-name' });
  const before = learn(three)?.revision;

  test('that numbers prove is followed, with the provenance of the new name', () => {
    const statements = [provenance({ repository: renamed.repository })];
    const facts = { ...usualFacts, signatures: [keyless(renamed)], provenance: statements };
    const found = learn(three, { before, seen: [facts] });
    assert.equal(found?.cause, 'renamed');
    assert.deepEqual(signersOf(found?.revision), [own, `accepted ${renamed.repository}`]);
    assert.deepEqual(found?.revision.provenance.repositories, [workflow().repository, renamed.repository]);
    assert.deepEqual(classify(sightingOf({ revision: found?.revision ?? {}, facts })), []);
  });

  for (const [why, seen] of [
    ['without numbers', { ...renamed, repositoryId: undefined }],
    ['to another number', { ...renamed, repositoryId: '99' }],
    ['and another workflow at once', { ...renamed, workflow: 'x', subject: 'y' }],
    ['of a stranger', { ...stranger, repository: 'https://github.com/evil/new' }],
  ] as const) {
    test(`${why} is not followed`, () => {
      const facts = { ...usualFacts, signatures: [keyless(seen)] };
      assert.equal(learn(three, { before, seen: [facts] }), undefined);
    });
  }

  test('of somebody who was revoked is not followed, nor one that does not verify', () => {
    const revoked = before && applyDecision(before, { kind: 'revoke', identities: [workflow()], keys: [] });
    assert.equal(
      learn(three, { before: revoked, seen: [{ ...usualFacts, signatures: [keyless(renamed)] }] }),
      undefined,
    );
    const broken = { ...usualFacts, signatures: [keyless(renamed, { outcome: 'invalid' })] };
    assert.equal(learn(three, { before, seen: [broken] }), undefined);
  });
});

describe('a decision', () => {
  test('that declares who signs ends learning, and leaves nobody else accepted', () => {
    const decisions: readonly Decision[] = [{ kind: 'declare', identities: [stranger], keys: [hex('c')] }];
    const found = learn(three, { decisions });
    assert.equal(found?.revision.state, 'declared');
    assert.deepEqual(signersOf(found?.revision), [`accepted ${stranger.repository}`, 'accepted c']);
    assert.equal(learn([...three, sample(4)], { decisions, before: found?.revision }), undefined);
  });

  test('about one signer replaces the one before it', () => {
    const kinds = ['accept', 'retire', 'revoke', 'reject', 'accept'] as const;
    const states = kinds.map((_, index) => {
      const decisions = kinds.slice(0, index + 1).map((kind) => ({ kind, identities: [stranger], keys: [] }));
      return signersOf(decisions.reduce(applyDecision, learn(three)?.revision as Revision))[0]?.split(' ')[0];
    });
    assert.deepEqual(states, ['accepted', 'retired', 'revoked', 'rejected', 'accepted']);
  });

  test('that makes a kind usual ends exactly that finding, in every case of the table', () => {
    for (const { kind, fires } of rows.filter((row) => isWidenable(row.kind))) {
      for (const differs of fires) {
        const { revision, facts, ...others } = sightingOf(differs);
        const before = classify({ ...others, revision, facts });
        const widened = applyDecision(revision, { kind: 'widen', drift: kind, facts });
        // Provenance that names no repository cannot become usual; it can only be let go.
        if (isDeepStrictEqual(widened, revision)) continue;
        const after = classify({ ...others, revision: widened, facts });
        assert.deepEqual(
          after.map((finding) => finding.kind),
          before.map((finding) => finding.kind).filter((one) => one !== kind),
        );
      }
    }
  });

  test('to let a difference go is kept once, with the last end', () => {
    const excuse = (until: number | null): Decision => ({ kind: 'excuse', fingerprint: hex('e'), until });
    const { excused } = [excuse(5), excuse(null), excuse(7)].reduce(applyDecision, learn(three)?.revision as Revision);
    assert.deepEqual(excused, [{ fingerprint: hex('e'), until: 7 }]);
  });

  test('that makes usual what cannot be is a mistake of the program', () => {
    const decision: Decision = { kind: 'widen', drift: 'signature.invalid', facts: usualFacts };
    assert.throws(() => applyDecision(learn(three)?.revision as Revision, decision), TypeError);
  });
});

test('the order in which artifacts are seen does not matter, only when they count from', () => {
  const samples = [...three, sample(4, { signatures: [keyless(stranger)] }), sample(5, { signatures: [] })];
  fc.assert(
    fc.property(fc.shuffledSubarray(samples, { minLength: samples.length }), (order) => {
      assert.deepEqual(learn(order), learn(samples));
    }),
  );
});
