/** When enough has been seen of a line to know it. */

/** What a line must show before it counts as known. */
export interface LearningRules {
  /** How old the oldest artifact must be. */
  readonly ageMs: number;
  /** From when an artifact counts: its publication, or when it was seen here. */
  readonly clock: 'published' | 'seen';
  /** By one signer. */
  readonly artifacts: number;
  /** Days (UTC) on which they came. */
  readonly days: number;
  /** How many of the last artifacts are looked at for what is usual. */
  readonly window: number;
  /** Of these, how many in a thousand must have been looked into. */
  readonly coverage: number;
}

const dayMs = 24 * 3_600_000;

/** Rules by name. `first-day`: whoever signs for a day is known, as long as one looks; for those who had that before. */
export const learningPresets = {
  usual: { ageMs: dayMs, clock: 'published', artifacts: 3, days: 3, window: 10, coverage: 900 },
  'first-day': { ageMs: dayMs, clock: 'seen', artifacts: 1, days: 1, window: 10, coverage: 0 },
} as const satisfies Readonly<Record<string, LearningRules>>;
