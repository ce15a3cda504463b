/** What the server acknowledged, kept outside of it: whatever stands here must still be true after any crash. */

/** One release as its sender knows it. */
export interface SentRelease {
  readonly project: string;
  readonly version: string;
  /** Lower-case hex. */
  readonly sha256: string;
  /** `sent`: no answer came. `draft`: the upload was acknowledged. `active`: the activation was. */
  state: 'sent' | 'draft' | 'active';
  /** The counter that the activation was acknowledged with. */
  counter: number;
}

/** All of it. */
export interface History {
  readonly releases: SentRelease[];
  /** The highest version of a trust list whose import was acknowledged. */
  trustVersion: number;
  /** How many key rotations were acknowledged to the end. */
  rotations: number;
  /** Answers that nobody can explain, in words. */
  readonly surprises: string[];
}

/** Nothing happened yet. */
export function createHistory(): History {
  return { releases: [], trustVersion: 0, rotations: 0, surprises: [] };
}

/** The highest counter that was acknowledged for `project`; 0 when none was. */
export function findHighestCounter({ releases }: History, project: string): number {
  return Math.max(0, ...releases.filter((release) => release.project === project).map(({ counter }) => counter));
}
