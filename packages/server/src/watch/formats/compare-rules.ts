/** Whether one rule asks for less than another that it takes the place of. */
import { type DriftKind, driftRules } from '../drift/kinds.ts';
import type { PolicyRule } from '../policies/document.ts';
import { matchesGlob } from '../policies/glob.ts';
import { mayOverlap } from './image-pattern.ts';
import { looser, type Remark } from './remark.ts';

const modes = { observe: 0, warn: 1, enforce: 2 } as const;
const answers = { allow: 0, 'hold-last': 1, deny: 2 } as const;
const digests = { allow: 0, warn: 1, deny: 2 } as const;
const effects = { allow: 0, hold: 1, warn: 1, deny: 2 } as const;

/** What `after`, which stands before them, no longer asks for of what the rules in force mean. */
export function compareRules(inForce: readonly PolicyRule[], after: PolicyRule): readonly Remark[] {
  return inForce.flatMap((before) => {
    if (before.name !== after.name && !mayOverlap(patternOf(before), patternOf(after))) return [];
    const lost = [...(isLeftOut(before, after) ? ['match'] : []), ...listLost(before, after)];
    return lost.length === 0 ? [] : [looser(after.name, `in force ${before.name} asks for more: ${lost.join(', ')}`)];
  });
}

/** A rule of the same name is replaced: what it meant, and the other does not, is nobody's any more. */
function isLeftOut(before: PolicyRule, after: PolicyRule): boolean {
  if (before.name !== after.name) return false;
  const { environment } = after.match;
  return (
    !covers(patternOf(after), patternOf(before)) ||
    (environment !== undefined && environment !== before.match.environment)
  );
}

/** Whether one pattern surely means all that another one does. */
function covers(wide: string, pattern: string): boolean {
  if (wide === pattern || wide === '*:**') return true;
  if (!pattern.includes('*')) return matchesGlob(wide, pattern);
  return /^[^*]*(?:\/|:)\*\*$/.test(wide) && pattern.startsWith(wide.slice(0, -2));
}

function patternOf({ match: { ecosystem, source } }: PolicyRule): string {
  return source ?? `${ecosystem ?? '*'}:**`;
}

function listLost(before: PolicyRule, after: PolicyRule): readonly string[] {
  const kinds = [...new Set([...Object.keys(before.findings), ...Object.keys(after.findings)])] as readonly DriftKind[];
  const effectOf = (rule: PolicyRule, kind: DriftKind) => effects[rule.findings[kind] ?? driftRules[kind].gate];
  const isLonger = after.on_unknown === 'hold-last' && after.hold_hours > before.hold_hours;
  return [
    modes[after.mode] < modes[before.mode] && 'mode',
    answers[after.on_unknown] < answers[before.on_unknown] && 'on_unknown',
    isLonger && 'hold_hours',
    after.lines.some((line) => !before.lines.includes(line)) && 'lines',
    before.continuity && !after.continuity && 'continuity',
    ...kinds.filter((kind) => effectOf(after, kind) < effectOf(before, kind)),
    before.two_people && !after.two_people && 'two_people',
    ...listLostRequirements(before.require, after.require),
  ].filter((member) => member !== false);
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
