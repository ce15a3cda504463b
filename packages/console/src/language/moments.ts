/** Moments, sizes and numbers as a language writes them. */
import type { Locale } from './message.ts';

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** How far `at` is from `now` (both Unix milliseconds), in the largest unit that fits and to the nearest one: "3 days ago". */
export function formatDistance(at: number, now: number, locale: Locale): string {
  const seconds = (at - now) / 1000;
  const distance = Math.abs(seconds);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  if (distance < 10) return format.format(0, 'second');
  // What rounds to 60 minutes is an hour.
  const [unit, size] =
    units.find(([, length], place) => {
      const smaller = units[place + 1]?.[1] ?? 1;
      return Math.max(distance, Math.round(distance / smaller) * smaller) >= length;
    }) ?? (['second', 1] as const);
  return format.format(Math.sign(seconds) * Math.max(1, Math.round(distance / size)), unit);
}

/** The moment itself, to the second, in UTC: "2026-11-22 04:33:18 UTC". The same in every language, to be compared and copied. */
export function formatExact(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The day, as the language writes it. */
export function formatDay(at: number, locale: Locale): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(at);
}

/** Bytes in the unit that keeps the number short, by thousands. */
export function formatSize(bytes: number, locale: Locale): string {
  const names = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const step = Math.min(names.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: names[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(bytes / 1000 ** step);
}
