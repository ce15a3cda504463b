/** When trusted roots are asked for again: a few times a day, never all at once, and less often while it fails. */
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { enqueueJob } from '../../storage/jobs.ts';
import { listDueTrustRoots, type TrustRootHead } from './store.ts';

/** The kind of the job that refreshes one root. */
export const trustRootJobKind = 'refresh-trust-root';

const minuteMs = 60_000;
/** Timestamps of repositories hold for a day at least. */
const intervalMs = 6 * 60 * minuteMs;
const firstPauseMs = 5 * minuteMs;

/** Asks for a refresh of `row`, unless one is waiting. */
export async function requestRefresh(
  tx: Query,
  row: Pick<TrustRootHead, 'id' | 'organisation_id'>,
  at: number,
): Promise<void> {
  await enqueueJob(tx, {
    id: createId(at),
    organisationId: row.organisation_id,
    kind: trustRootJobKind,
    payload: { root_id: row.id },
    dedupeKey: `${trustRootJobKind}:${row.id}`,
    runAt: at,
    now: at,
  });
}

/** Asks for a refresh of every root that is due. Returns how many are. */
export async function requestDueRefreshes({
  database,
  now,
}: {
  readonly database: Database;
  readonly now: () => number;
}): Promise<number> {
  const at = now();
  const due = await listDueTrustRoots(database.query, at);
  for (const row of due) await database.transaction((tx) => requestRefresh(tx, row, at));
  return due.length;
}

/** The pause after `failures` failures in a row, in milliseconds: six hours after none, from five minutes on after some, ± 10 %. */
export function pauseAfter(failures: number, random: () => number): number {
  const pause = failures === 0 ? intervalMs : Math.min(firstPauseMs * 2 ** (failures - 1), intervalMs);
  return Math.round(pause * (0.9 + 0.2 * random()));
}
