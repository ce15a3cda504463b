/** How a call of Subversion failed, told by the numbers of its errors (svn_error_codes.h), never by its words, which are translated. */

/** Why. `unreachable` and `time-limit` tell nothing about what the repository did. */
export type SvnFailureKind =
  | 'program-missing'
  | 'time-limit'
  | 'output-limit'
  | 'too-large'
  | 'redirected'
  | 'certificate-refused'
  | 'unreachable'
  | 'not-found'
  | 'credentials-refused'
  | 'out-of-date'
  | 'hook-refused'
  | 'other';

/** A call that failed. The message is Subversion's own, short, and without the password. */
export class SvnFailure extends Error {
  override readonly name = 'SvnFailure';
  readonly kind: SvnFailureKind;

  constructor(kind: SvnFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** In the order in which they count: a conflict is told beside others. */
const kinds: readonly (readonly [SvnFailureKind, readonly number[]])[] = [
  // Out of date, a path that exists, and a conflict in the transaction.
  ['out-of-date', [155_011, 155_015, 160_020, 160_024, 160_028, 170_004]],
  // No right, wrong password, no more attempts, forbidden.
  ['credentials-refused', [170_001, 215_004, 175_013, 220_004]],
  ['hook-refused', [165_001]],
  ['certificate-refused', [230_001]],
  ['not-found', [160_013, 170_000, 200_009]],
  // No connection, one that was cut, a host without address, a time limit of Subversion's own.
  ['unreachable', [170_013, 210_002, 120_106, 120_108, 175_002, 175_012, 670_002, 670_003]],
];

/** What `stderr` tells of a call that ended badly. */
export function explainFailure(stderr: string): SvnFailureKind {
  const codes = new Set([...stderr.matchAll(/\b[EW](\d{6})\b/g)].map((match) => Number(match[1])));
  return kinds.find(([, numbers]) => numbers.some((number) => codes.has(number)))?.[0] ?? 'other';
}
