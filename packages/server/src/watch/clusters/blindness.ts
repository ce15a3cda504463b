/** A cluster that does not answer is told like a source that does not: what runs there is unknown, and not nothing. */
import { recordAudits } from '../../audit/store.ts';
import { describeFinding, fingerprintOf, raiseFindings } from '../findings/raise.ts';
import { resolveFinding } from '../findings/resolve.ts';
import { findByFingerprint } from '../findings/store.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { weighBlindness } from '../recording/blindness.ts';
import { type ClusterRow, findCluster, updateCluster } from './store.ts';

/** A cluster is listed so often, at least. */
const intervalMs = 10 * 60_000;

/** Records that a cluster could not be asked, and why. Returns how many times in a row. */
export async function recordClusterUnanswered(
  { database, now }: WatchParts,
  { id, organisation_id: organisationId }: ClusterRow,
  reason: string,
): Promise<number> {
  return database.transaction(async (tx) => {
    const at = now();
    const row = await findCluster(tx, { organisationId, id });
    if (!row) return 0;
    const since = row.unknown_since ?? at;
    const failures = row.failures + 1;
    await updateCluster(tx, id, { failures, unknown_since: since, unknown_reason: reason });
    const severity = weighBlindness(at - since, intervalMs);
    if (!severity) return failures;
    const sentence = `nothing could be seen of what runs in the cluster ${row.name} since ${new Date(since).toISOString()}: ${reason}`;
    const finding = describeFinding('observation.blind', { subject: subjectOf(row), sentence, severity });
    const entries = await raiseFindings(tx, { organisationId, at }, { findings: [finding], excused: [] });
    if (entries.length > 0) await recordAudits(tx, at, entries);
    return failures;
  });
}

/** Records that a cluster answered, and what of it was left out: that is a finding, never silence. */
export async function recordClusterAnswered(
  { database, now }: WatchParts,
  { id, organisation_id: organisationId }: ClusterRow,
  leftOut: readonly string[],
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const row = await findCluster(tx, { organisationId, id });
    if (!row) return;
    await updateCluster(tx, id, { failures: 0, answered_at: at, unknown_since: null, unknown_reason: null });
    const entries = [
      ...(await resolveFinding(tx, { organisationId, at }, fingerprintOf('observation.blind', subjectOf(row)))),
      ...(await tellLeftOut(tx, row, { leftOut, at })),
    ];
    if (entries.length > 0) await recordAudits(tx, at, entries);
  });
}

async function tellLeftOut(
  tx: Tx,
  row: ClusterRow,
  { leftOut, at }: { readonly leftOut: readonly string[]; readonly at: number },
) {
  const place = { organisationId: row.organisation_id, at };
  const fingerprint = fingerprintOf('baseline.quota', subjectOf(row));
  if (leftOut.length === 0) return resolveFinding(tx, place, fingerprint);
  const known = await findByFingerprint(tx, { organisationId: row.organisation_id, fingerprint });
  // It is told once, and again when it comes back.
  if (known && known.state !== 'resolved' && known.state !== 'accepted') return [];
  const sentence = `of the cluster ${row.name} ${leftOut.join(', and ')}`;
  const finding = describeFinding('baseline.quota', { subject: subjectOf(row), sentence });
  return raiseFindings(tx, place, { findings: [finding], excused: [] });
}

/** Ends what is told of a cluster that nobody watches any more. */
export async function resolveCluster(tx: Tx, row: ClusterRow, at: number) {
  const place = { organisationId: row.organisation_id, at };
  return [
    ...(await resolveFinding(tx, place, fingerprintOf('observation.blind', subjectOf(row)))),
    ...(await resolveFinding(tx, place, fingerprintOf('baseline.quota', subjectOf(row)))),
  ];
}

function subjectOf({ id }: ClusterRow): string {
  return `cluster ${id}`;
}
