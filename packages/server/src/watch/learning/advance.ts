/** The next revision of a line: learned while it is new, decided ever after. */
import { emptyRevision, type Revision } from '../baseline/revision.ts';
import { selectAccepted, selectStrangers } from '../drift/signers.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { applyDecision, type Decision } from './decision.ts';
import { deriveRevision, type Lesson } from './derive.ts';
import { applyRenames } from './rename.ts';
import type { Sample } from './sample.ts';

/** What a line is taught at one time. */
export interface Advance {
  /** In force; absent: the line is new. */
  readonly before: Revision | undefined;
  /** Of the line until now, the oldest first. */
  readonly decisions: readonly Decision[];
  readonly lesson: Lesson;
  /** Of the artifacts that were seen now. */
  readonly seen: readonly FactSet[];
}

/** A revision that differs from the one before it, and why. */
export interface NextRevision {
  readonly revision: Revision;
  readonly cause: 'learned' | 'renamed';
}

/**
 * What observations make of the revision; `undefined`: it stays. A line that is established or declared learns nothing but names of
 * those who were accepted, and only where numbers prove them.
 */
export function advanceRevision({ before, decisions, lesson, seen }: Advance): NextRevision | undefined {
  const isLearning = before === undefined || before.state === 'cold' || before.state === 'learning';
  const revision = isLearning ? learn(lesson, decisions) : seen.reduce(applyRenames, before);
  if (encodePlain(revision) === encodePlain(before ?? emptyRevision)) return undefined;
  return { revision, cause: isLearning ? 'learned' : 'renamed' };
}

/** What the artifacts teach, and then what was decided. Who was turned away teaches nothing, under no name. */
function learn(lesson: Lesson, decisions: readonly Decision[]): Revision {
  const decided = decisions.reduce(applyDecision, emptyRevision);
  const samples = lesson.samples.flatMap((sample) => withoutTurnedAway(decided, sample));
  return decisions.reduce(applyDecision, deriveRevision({ ...lesson, samples }));
}

function withoutTurnedAway(decided: Revision, sample: Sample): readonly Sample[] {
  const { signatures } = sample.facts;
  if (signatures === 'unknown') return [sample];
  const kept = [...selectAccepted(decided, signatures), ...selectStrangers(decided, signatures)];
  if (kept.length === signatures.length) return [sample];
  return kept.length === 0 ? [] : [{ ...sample, facts: { ...sample.facts, signatures: kept } }];
}
