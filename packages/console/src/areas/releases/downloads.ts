/** Downloads over time: what the server counts, made ready for a chart and its table. */
import type { Answer } from '../../api/client.ts';

type Count = Answer<'GET /api/projects/{slug}/statistics'>['days'][number];

/** By what downloads are told apart. */
export type Grouping = 'version' | 'platform';

/** Downloads, ready to be shown. */
export interface DownloadFigures {
  /** ISO days, all of them, in order. */
  readonly days: readonly string[];
  /** The largest first; the last one, without a name, is all others. */
  readonly series: readonly { readonly name: string | undefined; readonly values: readonly number[] }[];
  /** All groups, the largest first. */
  readonly totals: readonly { readonly name: string; readonly count: number; readonly share: number }[];
  readonly total: number;
}

const mostSeries = 4;

/** The ISO days from `from` to `to`, both of them among them. */
export function listDays(from: string, to: string): readonly string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** Puts `counts` together by `grouping` over `days`; at most four series, the fourth of which may be all others. */
export function groupDownloads(counts: readonly Count[], days: readonly string[], grouping: Grouping): DownloadFigures {
  const place = new Map(days.map((day, index) => [day, index]));
  const groups = new Map<string, number[]>();
  for (const count of counts) {
    const index = place.get(count.day);
    if (index === undefined) continue;
    const values = groups.get(count[grouping]) ?? days.map(() => 0);
    values[index] = (values[index] ?? 0) + count.count;
    groups.set(count[grouping], values);
  }
  const sorted = [...groups]
    .map(([name, values]) => ({ name, values, count: values.reduce((sum, value) => sum + value, 0) }))
    .sort((one, other) => other.count - one.count || one.name.localeCompare(other.name));
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const own = sorted.length > mostSeries ? sorted.slice(0, mostSeries - 1) : sorted;
  const others = sorted.slice(own.length);
  return {
    days,
    total,
    series: [
      ...own.map(({ name, values }) => ({ name, values })),
      ...(others.length === 0
        ? []
        : [
            {
              name: undefined,
              values: addUp(
                others.map(({ values }) => values),
                days.length,
              ),
            },
          ]),
    ],
    totals: sorted.map(({ name, count }) => ({ name, count, share: total === 0 ? 0 : count / total })),
  };
}

function addUp(rows: readonly (readonly number[])[], length: number): readonly number[] {
  return Array.from({ length }, (_, index) => rows.reduce((sum, row) => sum + (row[index] ?? 0), 0));
}
