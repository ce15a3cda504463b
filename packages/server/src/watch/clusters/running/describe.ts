/** What runs, with what is said of it: verdict, open findings, and where its tag leads by now. */
import type { Severity } from '../../drift/kinds.ts';
import { listByContent, listShown } from '../../gates/store.ts';
import { type GateVerdict, readVerdict } from '../../gates/verdict.ts';
import { findTag } from '../../observations/store.ts';
import type { WatchParts } from '../../parts.ts';
import { parseImage } from '../../sources/image.ts';
import type { ClusterRow } from '../store.ts';
import { listRunning, type RunningRow } from './store.ts';

/** One row with what is said of it. */
export interface DescribedRunning {
  readonly row: RunningRow;
  /** Of its source; null: nobody watches it. */
  readonly key: string | null;
  readonly verdict: Pick<GateVerdict, 'outcome' | 'judged' | 'reasons'>;
  /** Findings of these bytes that nobody decided, by severity. */
  readonly open: Partial<Record<Severity, number>>;
  /** Where the tag was seen to lead last, hex; null: it names none, or nobody saw it. */
  readonly tagContent: string | null;
}

/** A page of what runs in a cluster; the next one begins after `next`. */
export async function describeRunning(
  parts: WatchParts,
  cluster: ClusterRow,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<{ readonly running: readonly DescribedRunning[]; readonly next: string | null }> {
  const found = await listRunning(parts.database.query, { clusterId: cluster.id, after, limit: limit + 1 });
  const rows = found.slice(0, limit);
  // Hundreds of pods run the same.
  const said = new Map<string, Promise<Omit<DescribedRunning, 'row' | 'key'>>>();
  const running = await Promise.all(
    rows.map(async ({ key, ...row }) => {
      const same = JSON.stringify([key, row.reference, row.digest, row.state]);
      const known = said.get(same) ?? judge(parts, cluster, { key, row });
      said.set(same, known);
      return { row, key, ...(await known) };
    }),
  );
  return { running, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

async function judge(
  parts: WatchParts,
  { organisation_id: organisationId, environment }: ClusterRow,
  { key, row }: { readonly key: string | null; readonly row: RunningRow },
): Promise<Omit<DescribedRunning, 'row' | 'key'>> {
  const { query } = parts.database;
  const label = parseImage(row.reference)?.label;
  const tagContent = await findTagContent(parts, row, label);
  if (row.state !== 'known' || key === null) return { verdict: untold(key, row), open: {}, tagContent };
  const reference = { key, ecosystem: 'oci', label: undefined, digest: `sha256:${row.digest}` } as const;
  const named = { organisationId, reference, environment: environment ?? undefined };
  const verdict = await readVerdict(parts, named);
  const artifacts = row.source_id === null ? [] : await listByContent(query, row.source_id, row.digest);
  const numbers = artifacts.map(({ number }) => number);
  const open: Partial<Record<Severity, number>> = {};
  for (const { severity, state } of numbers.length === 0 ? [] : await listShown(query, numbers)) {
    if (state === 'open' || state === 'acknowledged') open[severity] = (open[severity] ?? 0) + 1;
  }
  return { verdict, open, tagContent };
}

/** A name without a tag is `latest` to whoever pulls it. */
async function findTagContent(
  { database }: WatchParts,
  { source_id, reference }: RunningRow,
  label: string | undefined,
): Promise<string | null> {
  const name = label ?? (reference.includes('@') ? undefined : 'latest');
  if (source_id === null || name === undefined) return null;
  return (await findTag(database.query, { sourceId: source_id, name }))?.content ?? null;
}

const states = {
  waiting: 'it has not started yet',
  'image-id': 'the cluster shows an image id alone, by which no registry is asked',
  untold: 'the cluster shows no digest',
  known: 'nobody watches it',
} as const satisfies Readonly<Record<RunningRow['state'], string>>;

function untold(key: string | null, { state }: RunningRow): DescribedRunning['verdict'] {
  const code = state === 'known' || key === null ? 'source.unwatched' : 'digest.unknown';
  const text = state === 'known' ? states.known : states[state];
  return { outcome: 'unknown', judged: 'unknown', reasons: [{ code, effect: 'unknown', text }] };
}
