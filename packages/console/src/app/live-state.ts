/** What the light beside live frames says: the worst of all channels, and an alarm stays. */

/** Whether what is shown is all there is: `refused` when the stream said what does not verify, or keeps something back. */
export type LiveState = 'connecting' | 'verified' | 'late' | 'refused' | 'unvouched';

/** What was heard so far. */
export interface Standing {
  readonly channels: ReadonlyMap<string, 'live' | 'stale' | 'withheld'>;
  /** Something did not verify. It was sent by somebody, so no frame that comes later takes it back. */
  readonly refused: boolean;
}

/** The light for it. */
export function stateOf({ channels, refused }: Standing): LiveState {
  const heard = [...channels.values()];
  if (refused || heard.includes('withheld')) return 'refused';
  if (heard.includes('stale')) return 'late';
  return heard.length === 0 ? 'connecting' : 'verified';
}
