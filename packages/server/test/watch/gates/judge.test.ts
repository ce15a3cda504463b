/** The verdict of a gate, each reason by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../../src/watch/drift/classify.ts';
import { type GateQuestion, judgeArtifact, type StoredFinding } from '../../../src/watch/gates/judge.ts';
import { type PolicyRule, parsePolicyDocument, usualRule } from '../../../src/watch/policies/document.ts';
import {
  bareFacts,
  bareRevision,
  byKey,
  hex,
  hour,
  keyless,
  provenance,
  sightingOf,
  stranger,
  usualFacts,
  usualRevision,
  workflow,
} from '../drift/scene.ts';

interface Differs {
  readonly rule?: Record<string, unknown>;
  readonly basis?: Partial<GateQuestion['basis']>;
  readonly artifact?: Partial<GateQuestion['artifact']>;
  readonly isMassEvent?: boolean;
}

function ruleOf(differs: Record<string, unknown> = {}): PolicyRule {
  const { rules } = parsePolicyDocument({ schema: 1, rules: [{ name: 'one', mode: 'enforce', ...differs }] });
  return rules[0] ?? usualRule;
}

function judge({ rule = {}, basis = {}, artifact = {}, isMassEvent = false }: Differs) {
  return judgeArtifact({
    rule: ruleOf(rule),
    basis: { source: 'oci:ghcr.io/org/app', line: '1', revision: usualRevision, elders: [], ...basis },
    artifact: {
      ...{ facts: usualFacts, isQuarantined: false, isAfterCritical: false, isInUse: false, isDevelopment: false },
      ...{ ageMs: 48 * hour, findings: [], ...artifact },
    },
    isMassEvent,
  });
}

const attack = { ...usualFacts, signatures: [keyless(stranger)] };
const unread = { ...usualFacts, signatures: 'unknown' as const };
const held = { facts: usualFacts, ageMs: hour };

const unverifiable = keyless(undefined, { outcome: 'unverifiable' });
const moved: StoredFinding = {
  ...{
    kind: 'tag.mutated',
    fingerprint: 'f'.repeat(64),
    gate: 'deny',
    severity: 'high',
    state: 'open',
    sentence: 'moved',
  },
};

const cases: readonly (readonly [name: string, differs: Differs, outcome: string, codes: readonly string[]])[] = [
  ['what is as ever passes', {}, 'ok', []],
  [
    'what its names tell is denied though its signatures cannot be read, also where the unknown passes',
    { rule: { on_unknown: 'allow' }, artifact: { facts: unread, findings: [moved] } },
    'deny',
    ['facts.unknown', 'tag.mutated'],
  ],
  [
    'a stranger is denied in a mass event, whatever lies beside their signature',
    {
      ...{ rule: { on_unknown: 'allow' }, isMassEvent: true },
      artifact: { facts: { ...attack, signatures: [...attack.signatures, unverifiable] } },
    },
    'deny',
    ['identity.new_owner'],
  ],
  ['a stranger is denied', { artifact: { facts: attack } }, 'deny', ['identity.new_owner']],
  [
    'what was rejected is denied, however good it looks',
    { artifact: { isQuarantined: true } },
    'deny',
    ['artifact.quarantined'],
  ],
  [
    'what came after a critical finding waits for its end',
    { artifact: { isAfterCritical: true } },
    'deny',
    ['line.frozen'],
  ],
  ['a line of which nothing is known is unknown', { basis: { revision: undefined } }, 'unknown', ['line.cold']],
  [
    'a line that is learned is unknown',
    { basis: { revision: { ...usualRevision, state: 'learning' } } },
    'unknown',
    ['line.learning'],
  ],
  ['what could not be read is unknown', { artifact: { facts: unread } }, 'unknown', ['facts.unknown']],
  ['or as it was', { artifact: { facts: unread, held } }, 'ok', ['facts.held']],
  [
    'also when it was bad',
    { artifact: { facts: unread, held: { ...held, facts: attack } } },
    'deny',
    ['facts.held', 'identity.new_owner'],
  ],
  [
    'but not for ever',
    { artifact: { facts: unread, held: { ...held, ageMs: 25 * hour } }, rule: { hold_hours: 24 } },
    'unknown',
    ['facts.unknown'],
  ],
  [
    'a policy may let the unknown pass',
    { artifact: { facts: unread }, rule: { on_unknown: 'allow' } },
    'ok',
    ['facts.unknown'],
  ],
  ['or not', { artifact: { facts: unread, held }, rule: { on_unknown: 'deny' } }, 'deny', ['facts.unknown']],
  [
    'when many sources cannot be verified the last verdict holds',
    {
      isMassEvent: true,
      artifact: { held, facts: { ...usualFacts, signatures: [keyless(undefined, { outcome: 'unverifiable' })] } },
    },
    'ok',
    ['facts.held'],
  ],
  [
    'who observes denies nothing, and says so',
    { artifact: { facts: attack }, rule: { mode: 'observe' } },
    'ok',
    ['identity.new_owner'],
  ],
  ['who warns warns', { artifact: { facts: attack }, rule: { mode: 'warn' } }, 'warn', ['identity.new_owner']],
  ['also of what is unknown', { artifact: { facts: unread }, rule: { mode: 'warn' } }, 'warn', ['facts.unknown']],
  [
    'a policy says otherwise of a kind',
    { artifact: { facts: attack }, rule: { findings: { 'identity.new_owner': 'warn' } } },
    'warn',
    ['identity.new_owner'],
  ],
  [
    'also the other way round',
    { artifact: { facts: { ...usualFacts, sbom: 'absent' } }, rule: { findings: { 'sbom.lost': 'deny' } } },
    'deny',
    ['sbom.lost'],
  ],
  [
    'a line that began later is vouched for by those before it',
    { basis: { elders: [{ ...usualRevision, identities: [{ identity: stranger, state: 'accepted' }] }] } },
    'deny',
    ['line.new_signer'],
  ],
  ['and it is', { basis: { elders: [usualRevision] } }, 'ok', []],
  ...([undefined, 'cold', 'learning'] as const).map((state): (typeof cases)[number] => [
    `a stranger in a line that began later and is ${state ?? 'new'} is denied where the unknown passes`,
    {
      rule: { on_unknown: 'allow' },
      basis: {
        revision: state && { ...usualRevision, state, identities: [{ identity: stranger, state: 'accepted' }] },
        elders: [usualRevision],
      },
      artifact: { facts: { ...usualFacts, signatures: [keyless(stranger)] } },
    },
    'deny',
    [state === 'learning' ? 'line.learning' : 'line.cold', 'line.new_signer'],
  ]),
  [
    'a known signer may begin a line',
    {
      rule: { on_unknown: 'allow' },
      basis: { revision: { ...usualRevision, state: 'learning' }, elders: [usualRevision] },
    },
    'ok',
    ['line.learning'],
  ],
  [
    'a signer is the same under another name',
    {
      basis: {
        elders: [{ ...usualRevision, identities: [{ identity: workflow({ runner: 'other' }), state: 'accepted' }] }],
      },
    },
    'ok',
    [],
  ],
  [
    'a line without signatures among signed ones is denied',
    { basis: { revision: bareRevision, elders: [usualRevision] }, artifact: { facts: bareFacts } },
    'deny',
    ['line.unsigned'],
  ],
  [
    'unless nobody asks for it',
    {
      basis: { revision: bareRevision, elders: [usualRevision] },
      artifact: { facts: bareFacts },
      rule: { continuity: false },
    },
    'ok',
    [],
  ],
  [
    'what a person declared needs nobody to vouch for it',
    {
      basis: {
        revision: { ...usualRevision, state: 'declared' },
        elders: [{ ...usualRevision, identities: [{ identity: stranger, state: 'accepted' }] }],
      },
    },
    'ok',
    [],
  ],
];

for (const [name, differs, outcome, codes] of cases) {
  test(name, () => {
    const judged = judge(differs);
    assert.deepEqual([judged.outcome, judged.reasons.map(({ code }) => code)], [outcome, codes]);
  });
}

const identity = { issuer: workflow().issuer, subject: workflow().subject };
const requirements: readonly (readonly [
  require: Record<string, unknown>,
  good: boolean,
  facts?: object,
  ageMs?: number,
])[] = [
  [{ signers: [identity] }, true],
  [{ signers: [{ ...identity, repositoryId: '22' }] }, true],
  [{ signers: [{ ...identity, repositoryId: '23' }] }, false],
  [{ signers: [{ issuer: 'https://other.example', subject: identity.subject }] }, false],
  [{ signers: [{ key: hex('a') }] }, false],
  [{ signers: [{ key: hex('a') }, identity] }, true],
  [{ builders: ['https://github.com/actions/runner/github-hosted'] }, true],
  [{ builders: ['https://other.example'] }, false],
  [{ slsa_level: 2 }, true],
  [{ slsa_level: 3 }, false],
  [{ slsa_level: 1 }, false, { provenance: [provenance({ isAboutSubject: false })] }],
  [{ transparency: true }, true],
  [{ transparency: true, signers: [identity] }, false, { signatures: [keyless(undefined, { transparency: 'none' })] }],
  [{ sbom: true }, true],
  [{ sbom: true }, false, { sbom: 'about-another' }],
  [{ age_hours: 48 }, true],
  [{ age_hours: 49 }, false],
];

test('what a policy requires is there, or it is denied', () => {
  for (const [require, good, facts = {}] of requirements) {
    const { reasons } = judge({ rule: { require }, artifact: { facts: { ...usualFacts, ...facts } } });
    const required = reasons.filter(({ code }) => code.startsWith('required.'));
    assert.deepEqual(
      required.map(({ effect }) => effect),
      good ? [] : ['deny'],
      JSON.stringify([require, facts]),
    );
  }
});

test('what is required and could not be read is unknown', () => {
  const facts = { ...usualFacts, provenance: 'unknown' as const, sbom: 'unknown' as const };
  const { outcome, reasons } = judge({ rule: { require: { slsa_level: 1, sbom: true } }, artifact: { facts } });
  assert.deepEqual(
    [outcome, ...reasons.map(({ code, effect }) => `${code} ${effect}`)],
    ['unknown', 'required.slsa_level unknown', 'required.sbom unknown'],
  );
});

test('what somebody decided of a finding holds, and what only time resolved does not', () => {
  const facts = { ...usualFacts, signatures: [byKey(hex('b'))] };
  const found = classify(sightingOf({ facts }));
  for (const [state, outcome] of [
    ['accepted', 'ok'],
    ['benign', 'ok'],
    ['open', 'deny'],
    ['acknowledged', 'deny'],
    ['resolved', 'deny'],
  ] as const) {
    const findings: StoredFinding[] = found.map((one) => ({ ...one, state }));
    assert.equal(judge({ artifact: { facts, findings } }).outcome, outcome, state);
  }
  // What is told by the past of its names is not in the facts.
  const [finding] = found;
  assert.ok(finding);
  const moved = { ...finding, kind: 'tag.mutated' as const, fingerprint: hex('9'), state: 'resolved' as const };
  assert.equal(judge({ artifact: { findings: [moved] } }).outcome, 'deny');
});
