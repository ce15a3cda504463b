/** Whether one rule asks for less than another that it takes the place of. */
import type { PolicyRule } from '../policies/document.ts';
import { matchesGlob, mayOverlap } from '../policies/glob.ts';
import { listLost, patternOf } from '../policies/weaker.ts';
import { looser, type Remark } from './remark.ts';

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
