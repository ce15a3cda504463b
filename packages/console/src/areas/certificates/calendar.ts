/** When certificates end, by days and months in UTC. */
import type { Certificate } from './states.ts';

const dayMs = 86_400_000;

type Ending = Pick<Certificate, 'not_after'>;

/** How many of `certificates` end on each of `days` days from `now` (Unix milliseconds) on; days as ISO dates. */
export function countByDay(
  certificates: readonly Ending[],
  { now, days }: { now: number; days: number },
): { readonly days: readonly string[]; readonly counts: readonly number[] } {
  const names = Array.from({ length: days + 1 }, (_, index) =>
    new Date(now + index * dayMs).toISOString().slice(0, 10),
  );
  const counts = new Map<string, number>();
  for (const { not_after } of certificates) {
    const day = not_after.slice(0, 10);
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }
  return { days: names, counts: names.map((day) => counts.get(day) ?? 0) };
}

/** Certificates that are sorted by their end, by its month (`2026-11`). */
export function groupByMonth<C extends Ending>(
  certificates: readonly C[],
): readonly { readonly month: string; readonly certificates: readonly C[] }[] {
  const groups = Map.groupBy(certificates, ({ not_after }) => not_after.slice(0, 7));
  return [...groups].map(([month, members]) => ({ month, certificates: members }));
}
