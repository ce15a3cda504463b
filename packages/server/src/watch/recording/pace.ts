/** How fast a source releases, and how many of its last artifacts are signed. */
import type { Query } from '../../storage/database.ts';
import type { ArtifactHistory } from '../drift/difference.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { listLastArtifacts, listTimes } from '../observations/store.ts';

const hourMs = 3_600_000;
/** What counts as usual: the busiest hour of the time before the last day. */
const usualMs = 90 * 24 * hourMs;
const dayMs = 24 * hourMs;
/** Fewer in an hour are never a burst, so that nothing else has to be read. */
const leastBurst = 5;

/** Artifacts of the source in the hour until `at`, and in its busiest hour before; undefined: there are few. */
export async function measurePace(
  query: Query,
  { sourceId, at }: { readonly sourceId: string; readonly at: number },
): Promise<ArtifactHistory['hourly']> {
  const now = (await listTimes(query, { sourceId, from: at - hourMs, to: at })).length;
  if (now < leastBurst) return undefined;
  const hours = new Map<number, number>();
  for (const time of await listTimes(query, { sourceId, from: at - usualMs, to: at - dayMs })) {
    const hour = Math.floor(time / hourMs);
    hours.set(hour, (hours.get(hour) ?? 0) + 1);
  }
  return { now, usual: Math.max(0, ...hours.values()) };
}

const coverageWindow = 10;

/** How many in a thousand of the last ten artifacts are signed, and of the ten before them; undefined: there are fewer. */
export async function measureSigned(query: Query, line: number): Promise<ArtifactHistory['coverage']> {
  const rows = await listLastArtifacts(query, { line, limit: 2 * coverageWindow });
  if (rows.length < 2 * coverageWindow) return undefined;
  const shares = [rows.slice(0, coverageWindow), rows.slice(coverageWindow)].map((part) => {
    const signed = part.filter(({ document }) => {
      const { signatures } = JSON.parse(document) as FactSet;
      return signatures === 'unknown' || signatures.some(({ outcome }) => outcome === 'verified');
    });
    return (1000 * signed.length) / coverageWindow;
  });
  return { now: shares[0] ?? 0, before: shares[1] ?? 0 };
}
