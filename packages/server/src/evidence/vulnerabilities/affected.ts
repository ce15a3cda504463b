/** Whether a version is affected (OSV schema, "Evaluation"): the exact list first, then the ranges in the order of the ecosystem. */
import { orderVersions, type VersionScheme } from '@signpost/protocol/versions/order';
import type { Affected, RangeEvent } from './osv.ts';

/** `unknown`: there are ranges, and nobody can say on which side of them the version stands. */
export type Verdict = 'affected' | 'unaffected' | 'unknown';

/** Judges `version`; `scheme` is undefined for ecosystems whose order is not known. */
export function judgeVersion(
  { versions, ranges }: Affected,
  version: string,
  scheme: VersionScheme | undefined,
): Verdict {
  if (versions.includes(version)) return 'affected';
  // Where all affected versions are listed, the ranges add what is not released yet; without an order they decide nothing.
  if (!scheme) return ranges.length === 0 || versions.length > 0 ? 'unaffected' : 'unknown';
  const verdicts = ranges.map((events) => judgeRange(events, version, scheme));
  if (verdicts.includes('affected')) return 'affected';
  const isListed = versions.some((listed) => orderVersions(scheme, listed, version) === 0);
  if (isListed) return 'affected';
  return verdicts.includes('unknown') ? 'unknown' : 'unaffected';
}

/** Walks the events in the order of their versions: whoever comes last before the version decides. */
function judgeRange(events: readonly RangeEvent[], version: string, scheme: VersionScheme): Verdict {
  const limits = events.filter(({ kind }) => kind === 'limit');
  const placed = events.map((event) => ({ event, order: placeVersion(event, version, scheme) }));
  if (placed.some(({ order }) => order === undefined)) return 'unknown';
  const isBelowLimit =
    limits.length === 0 || placed.some(({ event, order }) => event.kind === 'limit' && (order ?? 0) < 0);
  if (!isBelowLimit) return 'unaffected';
  const last = findLast(
    placed.flatMap(({ event, order }) => (hasHappened(event, order ?? 0) ? [event] : [])),
    scheme,
  );
  return last?.kind === 'introduced' ? 'affected' : 'unaffected';
}

/** How the version stands to the event: negative before it. `0` comes before every version, `*` after. */
function placeVersion({ kind, version: at }: RangeEvent, version: string, scheme: VersionScheme): number | undefined {
  if (kind === 'introduced' && at === '0') return 1;
  if (kind === 'limit' && at.includes('*')) return -1;
  return orderVersions(scheme, version, at);
}

/** A fix counts from its version on, a last affected version only after it. */
function hasHappened({ kind }: RangeEvent, order: number): boolean {
  if (kind === 'limit') return false;
  return kind === 'last_affected' ? order > 0 : order >= 0;
}

/** The latest of them; at the same version a fix goes before an introduction, so that what is introduced there counts. */
function findLast(events: readonly RangeEvent[], scheme: VersionScheme): RangeEvent | undefined {
  let last: RangeEvent | undefined;
  for (const event of events) {
    if (!last || compareEvents(event, last, scheme) >= 0) last = event;
  }
  return last;
}

function compareEvents(left: RangeEvent, right: RangeEvent, scheme: VersionScheme): number {
  const isFirst = (event: RangeEvent) => event.kind === 'introduced' && event.version === '0';
  if (isFirst(left) || isFirst(right)) return Number(isFirst(right)) - Number(isFirst(left));
  const order = orderVersions(scheme, left.version, right.version) ?? 0;
  return order || Number(left.kind === 'introduced') - Number(right.kind === 'introduced');
}
