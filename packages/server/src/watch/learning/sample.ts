/** What a line is learned from: artifacts with the facts that were seen of them last. */
import type { FactSet, SignatureFact } from '../facts/fact-set.ts';
import type { LearningRules } from './rules.ts';

/** An artifact of a line. */
export interface Sample {
  /** Orders those of one time. */
  readonly number: number;
  /** Unix ms. */
  readonly firstSeenAt: number;
  readonly facts: FactSet;
}

/** A sample whose signatures could be looked into. */
export interface KnownSample extends Sample {
  /** When it counts from, Unix ms. */
  readonly at: number;
  readonly verified: readonly SignatureFact[];
}

/** Since when a sample counts. */
function timeOf({ facts, firstSeenAt }: Sample, { clock }: Pick<LearningRules, 'clock'>): number {
  // A date in the future would keep a line from ever being known.
  return clock === 'published' ? Math.min(facts.publishedAt ?? firstSeenAt, firstSeenAt) : firstSeenAt;
}

/** Those that could be looked into, the oldest first. */
export function selectKnown(samples: readonly Sample[], rules: LearningRules): readonly KnownSample[] {
  return samples
    .flatMap((sample) => {
      const { signatures } = sample.facts;
      if (signatures === 'unknown') return [];
      const verified = signatures.filter(({ outcome }) => outcome === 'verified');
      return [{ ...sample, at: timeOf(sample, rules), verified }];
    })
    .sort((left, right) => left.at - right.at || left.number - right.number);
}

/** How many in a thousand of the last artifacts could be looked into. */
export function measureCoverage(samples: readonly Sample[], rules: LearningRules): number {
  const last = [...samples]
    .sort((left, right) => timeOf(left, rules) - timeOf(right, rules) || left.number - right.number)
    .slice(-rules.window);
  const known = last.filter(({ facts }) => facts.signatures !== 'unknown').length;
  return last.length === 0 ? 0 : Math.floor((1000 * known) / last.length);
}

const dayMs = 24 * 3_600_000;

/** Whether these show enough for somebody to be known by them. */
export function isEnough(samples: readonly KnownSample[], rules: LearningRules, now: number): boolean {
  const days = new Set(samples.map(({ at }) => Math.floor(at / dayMs)));
  const contents = new Set(samples.map(({ facts }) => facts.content));
  const oldest = samples[0]?.at ?? now;
  return contents.size >= rules.artifacts && days.size >= rules.days && now - oldest >= rules.ageMs;
}
