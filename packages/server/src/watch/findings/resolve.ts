/** Findings that end by themselves: what they told of is over, and their history says so. */
import type { AuditEntry } from '../../audit/audit.ts';
import { type DriftKind, pastKinds } from '../drift/kinds.ts';
import type { Tx } from '../parts.ts';
import { type FindingPlace, tell } from './raise.ts';
import { findByFingerprint, listOpen, listShownAlone, updateFinding } from './store.ts';

/** So many good artifacts in a row show that a line is as it was. */
const goodArtifacts = 3;

/** Counts a good new artifact for the open findings of its line; critical ones wait for a person however long. */
export async function creditLine(tx: Tx, place: FindingPlace): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (const row of place.line ? await listOpen(tx, place.line.number) : []) {
    if (row.severity === 'critical') continue;
    const good = row.good_artifacts + 1;
    const isOver = good >= goodArtifacts;
    await updateFinding(tx, row, { good_artifacts: good, ...(isOver && { state: 'resolved', proposal: null }) });
    if (!isOver) continue;
    const note = `the line is as before for ${goodArtifacts} artifacts`;
    entries.push(await tell(tx, place, { row: { ...row, state: 'resolved' }, act: 'resolved', note }));
  }
  return entries;
}

/** Ends findings that one artifact alone has shown and shows no more: its evidence came after it. Critical ones wait for a person. */
export async function resolveRestored(
  tx: Tx,
  place: FindingPlace,
  { artifact, shown }: { readonly artifact: number; readonly shown: ReadonlySet<string> },
): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (const row of await listShownAlone(tx, artifact)) {
    if (row.severity === 'critical' || shown.has(row.fingerprint) || pastKinds.has(row.kind as DriftKind)) continue;
    await updateFinding(tx, row, { state: 'resolved', proposal: null });
    const note = 'the artifact that showed it shows it no more';
    entries.push(await tell(tx, place, { row: { ...row, state: 'resolved' }, act: 'resolved', note }));
  }
  return entries;
}

/** Ends the finding of a fingerprint, if there is one that waits. */
export async function resolveFinding(tx: Tx, place: FindingPlace, fingerprint: string): Promise<readonly AuditEntry[]> {
  const row = await findByFingerprint(tx, { organisationId: place.organisationId, fingerprint });
  if (!row || (row.state !== 'open' && row.state !== 'acknowledged')) return [];
  await updateFinding(tx, row, { state: 'resolved', proposal: null });
  const act = { row: { ...row, state: 'resolved' as const }, act: 'resolved' as const, note: 'it is over' };
  return [await tell(tx, place, act)];
}
