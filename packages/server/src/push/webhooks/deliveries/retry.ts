/** When a delivery that failed is tried again, and when it is given up. */

const dayMs = 86_400_000;
const firstPauseMs = 30_000;
const growth = 5;

/** A delivery has so many attempts, and more as long as it is younger than a day. */
export const attemptLimit = 8;

/**
 * The pause after `attempts` failures, in milliseconds: anything up to 30 s, and five times as much with each, a day at most (full
 * jitter, so that what failed together does not come back together).
 */
export function pauseAfter(attempts: number, random: () => number): number {
  return Math.round(random() * Math.min(dayMs, firstPauseMs * growth ** (attempts - 1)));
}

/** Whether a delivery is given up after an attempt that failed. Luck with the pauses must not end it within a short outage. */
export function isGivenUp({
  attempts,
  firstAttemptAt,
  at,
}: {
  attempts: number;
  firstAttemptAt: number;
  at: number;
}): boolean {
  return attempts >= attemptLimit && at - firstAttemptAt >= dayMs;
}

/** What a Retry-After header asks for, in milliseconds from `now`, a day at most; 0 for none and for what is not understood (RFC 9110, 10.2.3). */
export function parseRetryAfter(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(ms, dayMs) : 0;
}
