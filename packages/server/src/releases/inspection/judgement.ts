/** What judging an archive needs and gives. */
import type { InspectionLimits } from './budget.ts';

/** What an archive holds. */
export interface ArchiveContent {
  /** Files and directories that are listed. */
  readonly entries: number;
  /** Bytes that came out; for tar, headers and padding count too. */
  readonly uncompressedBytes: number;
}

/** How an inspection is done: its limits, and who is told the part done, from 0 to 1. */
export interface Judgement {
  readonly limits: InspectionLimits;
  readonly report: (part: number) => void;
}
