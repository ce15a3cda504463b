/** Durations in one unit: `90d`, `160h`, `5m`. */

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What `parseDuration` takes; at most 99,999 of a unit. */
export const durationPattern: RegExp = /^(?:0|[1-9][0-9]{0,4})[mhd]$/;

/** Milliseconds of a text such as `90d`. Throws a TypeError for another one. */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) throw new TypeError(`expected a duration such as 90d, got ${JSON.stringify(text)}`);
  return Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 0);
}

/** Milliseconds as text, in the largest unit that leaves no rest; rounded down to minutes. */
export function formatDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes > 0 && minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes > 0 && minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}
