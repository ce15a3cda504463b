/** How long mail waits for a server that does not take it. */

const shortestPauseMs = 5 * 60_000;
const longestPauseMs = 6 * 3_600_000;

/** Milliseconds after which what nobody took is given up. */
export const mailPatienceMs: number = 3 * 86_400_000;

/** Milliseconds until the next attempt after so many: 5 minutes, 10, 20, … up to 6 hours. */
export function mailPauseAfter(attempts: number): number {
  return Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(attempts - 1, 20));
}
