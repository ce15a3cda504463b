/** Durations as people write them in a policy: `30d`, `12h`, `45m`. */
import { TrustError } from '../errors.ts';

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration of at least one minute and at most 99,999 of a unit. Throws `malformed`. */
export function parseDuration(text: string, name: string): number {
  if (!/^[1-9][0-9]{0,4}[mhd]$/.test(text)) {
    throw new TrustError('malformed', `expected ${name} to be a duration such as 30d, 12h or 45m`);
  }
  return Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 0);
}

/** How far a time may lie ahead of our clock: further, and it says nothing about age. */
const futureToleranceMs = 5 * 60_000;

/** Whether `at` is at most `maxAgeMs` ago. What lies in the future is not recent: it would stay so for as long as somebody pleases. */
export function isRecent(at: number, { maxAgeMs, now }: { readonly maxAgeMs: number; readonly now: number }): boolean {
  return now - at <= maxAgeMs && at - now <= futureToleranceMs;
}

/** Milliseconds in the largest whole unit, rounded down: `12d`, `5h`, `0m`. */
export function formatDuration(ms: number): string {
  const unit = (['d', 'h'] as const).find((name) => ms >= (unitMs[name] ?? 0)) ?? 'm';
  return `${Math.floor(ms / (unitMs[unit] ?? 1))}${unit}`;
}
