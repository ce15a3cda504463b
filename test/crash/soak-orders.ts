/** What the process of listeners is told in a soak, and what it tells. */

/** What it is told. */
export type SoakOrder =
  | {
      readonly kind: 'listen';
      readonly port: number;
      /** Half of them by event streams, half by WebSockets. */
      readonly count: number;
      /** How many clients beside them verify what they hear, under these roots. */
      readonly verifiers: number;
      readonly roots: readonly string[];
    }
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
