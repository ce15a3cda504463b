/** What the process of listeners is told in a soak, and what it tells. */

/** What it is told. */
export type SoakOrder =
  | { readonly kind: 'listen'; readonly port: number; readonly count: number }
  /** To cut a share of the connections, from 0 to 1; they come back by themselves. */
  | { readonly kind: 'cut'; readonly share: number }
  | { readonly kind: 'report' };

/** What it tells. */
export interface SoakReport {
  readonly connected: number;
  /** The last message that all have had, and how many came again and were passed over. */
  readonly lowest: number;
  readonly repeated: number;
  readonly findings: readonly string[];
  readonly residentKib: number;
}
