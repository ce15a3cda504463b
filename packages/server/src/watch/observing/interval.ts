/** When a source is looked at again: often while it changes, seldom while it rests, never all at once. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The shortest and the longest time between two looks. */
export const intervalLimits = { leastMs: minuteMs, mostMs: 24 * hourMs, mostInUseMs: hourMs } as const;

/** The interval after a look: half of it when something had changed, a quarter more when not. In milliseconds. */
export function adaptInterval(
  intervalMs: number,
  { hasChanged, isInUse }: { readonly hasChanged: boolean; readonly isInUse: boolean },
): number {
  const { leastMs, mostMs, mostInUseMs } = intervalLimits;
  const next = Math.round(hasChanged ? intervalMs / 2 : intervalMs * 1.25);
  return Math.min(Math.max(next, leastMs), isInUse ? mostInUseMs : mostMs);
}

const firstPauseMs = minuteMs;
const longestPauseMs = 6 * hourMs;
/** Nobody waits for longer because a server says so. */
const longestRetryMs = 24 * hourMs;

/** The pause after `failures` looks in a row without an answer: from a minute to six hours, and what Retry-After asked for. */
export function pauseAfter(failures: number, retryAfterMs: number | undefined): number {
  const pause = Math.min(firstPauseMs * 2 ** Math.min(Math.max(failures - 1, 0), 20), longestPauseMs);
  return Math.max(pause, Math.min(retryAfterMs ?? 0, longestRetryMs));
}

/** `ms`, up to a tenth more, so that what was due together does not stay together. `random` is from 0 to 1. */
export function jitter(ms: number, random: () => number): number {
  return Math.round(ms * (1 + random() / 10));
}
