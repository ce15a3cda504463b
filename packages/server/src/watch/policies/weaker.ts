/** Whether a rule, or a whole policy, asks for less than another one in whose place it stands. */
import { type DriftKind, driftRules, type GateDefault } from '../drift/kinds.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { type PolicyDocument, type PolicyRule, usualRule } from './document.ts';
import { mayOverlap } from './glob.ts';

const modes = { observe: 0, warn: 1, enforce: 2 } as const;
const answers = { allow: 0, 'hold-last': 1, deny: 2 } as const;
const digests = { allow: 0, warn: 1, deny: 2 } as const;
const effects = { allow: 0, warn: 1, hold: 2, deny: 3 } as const satisfies Readonly<Record<GateDefault, number>>;

/** The members by which `after` asks for less than `before`. */
export function listLost(before: PolicyRule, after: PolicyRule): readonly string[] {
  const kinds = [...new Set([...Object.keys(before.findings), ...Object.keys(after.findings)])] as readonly DriftKind[];
  const effectOf = (rule: PolicyRule, kind: DriftKind) => effects[rule.findings[kind] ?? driftRules[kind].gate];
  const isLonger = after.on_unknown === 'hold-last' && after.hold_hours > before.hold_hours;
  return [
    modes[after.mode] < modes[before.mode] && 'mode',
    answers[after.on_unknown] < answers[before.on_unknown] && 'on_unknown',
    isLonger && 'hold_hours',
    // One more vouches, and one less denies no more.
    (before.lines.some(isMissingIn(after.lines)) || after.lines.some(isMissingIn(before.lines))) && 'lines',
    before.continuity && !after.continuity && 'continuity',
    ...kinds.filter((kind) => effectOf(after, kind) < effectOf(before, kind)),
    before.two_people && !after.two_people && 'two_people',
    ...listLostRequirements(before.require, after.require),
  ].filter((member) => member !== false);
}

function isMissingIn(list: readonly string[]): (one: string) => boolean {
  return (one) => !list.includes(one);
}

function listLostRequirements(before: PolicyRule['require'], after: PolicyRule['require']): readonly string[] {
  return [
    isWider(before.signers, after.signers) && 'signers',
    isWider(before.builders, after.builders) && 'builders',
    (before.slsa_level ?? 0) > (after.slsa_level ?? 0) && 'slsa_level',
    before.sbom && !after.sbom && 'sbom',
    digests[before.digest ?? 'allow'] > digests[after.digest ?? 'allow'] && 'digest',
    before.transparency && !after.transparency && 'transparency',
    (before.age_hours ?? 0) > (after.age_hours ?? 0) && 'age_hours',
  ].filter((member) => typeof member === 'string');
}

/** One of a list is enough, so that a longer list asks for less, and none at all for nothing. */
function isWider(before: readonly unknown[] | undefined, after: readonly unknown[] | undefined): boolean {
  if (before === undefined) return false;
  const known = new Set(before.map((one) => JSON.stringify(one)));
  return after === undefined || after.some((one) => !known.has(JSON.stringify(one)));
}

/** The pattern of a rule: what it says, or everything of its ecosystem. */
export function patternOf({ match: { ecosystem, source } }: PolicyRule): string {
  return source ?? `${ecosystem ?? '*'}:**`;
}

/** More pairs of rules than this are not compared: so large a change counts as one that asks for less. */
const maxCompared = 20_000;

/**
 * Whether a gate may let through more under `after` than under `before` of what two people are asked for: a rule that asks for two is gone or is meant for
 * something else, or a rule that may decide now, in the place of one that decided before, asks for less. `isForAll`: two are asked for everywhere.
 */
export function isWeaker(
  before: PolicyDocument,
  after: PolicyDocument,
  { isForAll }: { readonly isForAll: boolean },
): boolean {
  const asking = before.rules.filter((rule) => rule.two_people);
  const kept = new Set(after.rules.filter((rule) => rule.two_people).map(({ match }) => encodePlain(match)));
  if (asking.some(({ match }) => !kept.has(encodePlain(match)))) return true;
  const guarded = isForAll ? [...asking, usualRule] : asking;
  const [old, young] = [describeOrder(before.rules, guarded), describeOrder(after.rules, guarded)];
  let compared = 0;
  return old.deciding.some((was) =>
    young.deciding.some((is) => {
      if (was.text === is.text || was.rule.mode === 'observe') return false;
      // Where both are meant, the one that stands before the other one decides, then as now.
      if (isBefore(old, is, was) || isBefore(young, was, is) || !mayMeet(was.rule, is.rule)) return false;
      compared += 1;
      return compared > maxCompared || listLost(was.rule, is.rule).some((member) => member !== 'two_people');
    }),
  );
}

/** A rule at its place. */
interface PlacedRule {
  readonly rule: PolicyRule;
  readonly place: number;
  /** What it is meant for, and all that it says but its name. */
  readonly match: string;
  readonly text: string;
}

interface RuleOrder {
  /** Rules that may decide on what `guarded` rules are meant for. */
  readonly deciding: readonly PlacedRule[];
  /** Where something is meant first. */
  readonly places: ReadonlyMap<string, number>;
}

function describeOrder(rules: readonly PolicyRule[], guarded: readonly PolicyRule[]): RuleOrder {
  const placed = [...rules, usualRule].map((rule, place): PlacedRule => {
    const { name: _, ...said } = rule;
    return { rule, place, match: encodePlain(rule.match), text: encodePlain(said) };
  });
  const places = new Map(placed.toReversed().map(({ match, place }) => [match, place]));
  const ends = guarded.map((rule) => ({ rule, end: places.get(encodePlain(rule.match)) ?? placed.length }));
  const deciding = placed.filter(
    ({ rule, place, match }) =>
      places.get(match) === place && ends.some((one) => place <= one.end && mayMeet(rule, one.rule)),
  );
  return { deciding, places };
}

/** Whether what `one` is meant for is decided before `other`, of the same order, is asked. */
function isBefore({ places }: RuleOrder, one: PlacedRule, other: PlacedRule): boolean {
  return (places.get(one.match) ?? other.place) < other.place;
}

function mayMeet(one: PolicyRule, other: PolicyRule): boolean {
  const [left, right] = [one.match.environment, other.match.environment];
  const isSamePlace = left === undefined || right === undefined || left === right;
  return isSamePlace && mayOverlap(patternOf(one), patternOf(other));
}
