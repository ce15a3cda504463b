/** What runs in a cluster, kept: its sources are watched, exactly its digests are looked at, and what ended is noted. */
import { systemActor } from '../../../audit/audit.ts';
import { Refusal } from '../../../errors.ts';
import { createId } from '../../../storage/ids.ts';
import { noteUse } from '../../gates/store.ts';
import { learningPresets } from '../../learning/rules.ts';
import { requestLooks } from '../../observing/request.ts';
import type { WatchParts } from '../../parts.ts';
import { addSource } from '../../sources/source.ts';
import { findSourceByKey } from '../../sources/store.ts';
import type { RunningContainer } from '../pod.ts';
import type { ClusterRow } from '../store.ts';
import {
  countClusterSources,
  deleteEnded,
  endRunning,
  endUnseen,
  listUnseen,
  markInUse,
  noteAsked,
  type RunningPlace,
  type RunningRow,
  upsertRunning,
} from './store.ts';

/** What is recorded with. */
export interface RecordParts extends WatchParts {
  readonly observing: { wake(): void };
  /** Rows of one cluster (50,000); what is over is left out, and told. */
  readonly mostRows?: number;
  /** Sources that one cluster brings in (2000): whoever may start pods names them. */
  readonly mostSources?: number;
}

/** What was seen. `ended` is what runs no more; `others`: whatever is not in `seen`. */
export interface SeenRunning {
  readonly seen: readonly RunningContainer[];
  readonly ended: readonly RunningPlace[] | 'others';
}

/** What was left out, and why: it is told. */
export interface RecordedRunning {
  /** More runs than is kept. */
  readonly isOver: boolean;
  /** Sources that nobody watches since there are too many. */
  readonly refusedSources: number;
}

const usualMostRows = 50_000;
const usualMostSources = 2000;
const rowsAtOnce = 100;
/** What ended is remembered for so long. */
const keepMs = 90 * 24 * 3_600_000;

/** Records what was seen in a cluster. What it says is where and what, never who signed. */
export async function recordRunning(
  parts: RecordParts,
  cluster: ClusterRow,
  { seen, ended }: SeenRunning,
): Promise<RecordedRunning> {
  const { database, now, mostRows = usualMostRows } = parts;
  const at = now();
  const kept = seen.slice(0, mostRows);
  const { sources, refused } = await openSources(parts, cluster, kept);
  for (let from = 0; from < kept.length; from += rowsAtOnce) {
    const rows = kept.slice(from, from + rowsAtOnce).map((one) => describeRow(cluster, one, { sources, at }));
    await database.transaction(async (tx) => {
      await upsertRunning(tx, rows);
      for (const { source_id, digest } of rows) if (source_id && digest !== '') await markInUse(tx, source_id, digest);
    });
  }
  await database.transaction(async (tx) => {
    if (ended === 'others') {
      await endUnseen(tx, cluster.id, at);
      await deleteEnded(tx, cluster.id, at - keepMs);
    } else for (const place of ended) await endRunning(tx, { clusterId: cluster.id, at }, place);
  });
  for (const id of new Set(sources.values())) if (id) await noteUse(database.query, id, at);
  await askForUnseen(parts, cluster, at);
  return { isOver: kept.length < seen.length, refusedSources: refused };
}

function describeRow(
  { id }: ClusterRow,
  { key, ...place }: RunningContainer,
  { sources, at }: { readonly sources: ReadonlyMap<string, string | undefined>; readonly at: number },
): RunningRow {
  return {
    ...{ id: createId(at), cluster_id: id, ...place, source_id: (key && sources.get(key)) ?? null },
    ...{ first_seen_at: at, last_seen_at: at, ended_at: null, asked_at: null },
  };
}

/** The sources of what runs, by key: those that are watched, and new ones for what has started. One that a person removed stays removed. */
async function openSources(parts: RecordParts, cluster: ClusterRow, seen: readonly RunningContainer[]) {
  const { database, mostSources = usualMostSources } = parts;
  const organisationId = cluster.organisation_id;
  const sources = new Map<string, string | undefined>();
  let room = mostSources - (await countClusterSources(database.query, cluster.id));
  let refused = 0;
  const started = new Set(seen.filter(({ state }) => state !== 'waiting').map(({ key }) => key));
  for (const key of new Set(seen.flatMap((one) => one.key ?? []))) {
    const known = await findSourceByKey(database.query, { organisationId, key });
    if (known) sources.set(key, known.removed_at === null ? known.id : undefined);
    if (known || !started.has(key)) continue;
    const id = room > 0 ? await watchNew(parts, organisationId, key) : undefined;
    sources.set(key, id);
    room -= 1;
    if (id === undefined) refused += 1;
  }
  return { sources, refused };
}

async function watchNew(parts: RecordParts, organisationId: string, key: string): Promise<string | undefined> {
  const request = { reference: key, rules: learningPresets.usual, isDevelopment: false };
  try {
    return (await addSource(parts, { organisationId, actor: systemActor }, request)).id;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'conflict') throw error;
    // There are too many, or somebody was faster.
    const known = await findSourceByKey(parts.database.query, { organisationId, key });
    return known?.removed_at === null ? known.id : undefined;
  }
}

const unseenAtOnce = 500;
/** What was asked for and not found is asked for again after this. */
const askAgainMs = 6 * 3_600_000;

/** By the same door as a build: a request that names the digest and says nothing of it. */
async function askForUnseen(parts: RecordParts, cluster: ClusterRow, at: number): Promise<void> {
  const { query } = parts.database;
  const wanted = { clusterId: cluster.id, askedBefore: at - askAgainMs, limit: unseenAtOnce };
  const unseen = await listUnseen(query, wanted);
  if (unseen.length === 0) return;
  const caller = { organisationId: cluster.organisation_id, actor: systemActor };
  const references = unseen.map(({ key, digest }) => `${key}@sha256:${digest}`);
  await requestLooks(parts, caller, references);
  const digests = [...new Set(unseen.map(({ digest }) => digest))];
  await noteAsked(query, { clusterId: cluster.id, at }, digests);
  parts.observing.wake();
}
