/** Blindness is told: a source that cannot be looked into is not a source where nothing happens. */
import type { AuditEntry } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import type { Severity } from '../drift/kinds.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { describeFinding, fingerprintOf, raiseFindings } from '../findings/raise.ts';
import { resolveFinding } from '../findings/resolve.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { readSource } from '../sources/source.ts';
import type { SourceRow } from '../sources/store.ts';
import { findSchedule, updateSchedule } from './store.ts';

const dayMs = 24 * 3_600_000;
/** So many usual intervals without an answer are no accident. */
const patience = 3;

/** Records that a source could not be asked, and why. Throws `not_found` for a source that is not watched. */
export async function recordUnanswered(
  { database, now }: WatchParts,
  {
    organisationId,
    sourceId,
    reason,
  }: { readonly organisationId: string; readonly sourceId: string; readonly reason: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const source = await readSource(tx, organisationId, sourceId);
    const at = now();
    const entries = await noteUnanswered(tx, { source, reason, at });
    if (entries.length > 0) await recordAudits(tx, at, entries);
  });
}

/** Records that a source answered and that nothing of it was new. Throws `not_found` for a source that is not watched. */
export async function recordAnswered(
  { database, now }: WatchParts,
  { organisationId, sourceId }: { readonly organisationId: string; readonly sourceId: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const source = await readSource(tx, organisationId, sourceId);
    const at = now();
    const entries = await noteAnswer(tx, { source, facts: [], at });
    if (entries.length > 0) await recordAudits(tx, at, entries);
  });
}

/** Notes whether facts could be read: when not one of them says who signed, nothing was seen. */
export async function noteAnswer(
  tx: Tx,
  { source, facts, at }: { readonly source: SourceRow; readonly facts: readonly FactSet[]; readonly at: number },
): Promise<readonly AuditEntry[]> {
  const isBlind = facts.length > 0 && facts.every(({ signatures }) => signatures === 'unknown');
  if (isBlind) return noteUnanswered(tx, { source, reason: 'signatures could not be read', at });
  const known = await findSchedule(tx, source.id);
  await updateSchedule(tx, source.id, { answered_at: at, failures: 0, unknown_since: null, unknown_reason: null });
  if (known?.unknown_since === null) return [];
  const place = { organisationId: source.organisation_id, source, at };
  return resolveFinding(tx, place, fingerprintOf('observation.blind', source.key));
}

async function noteUnanswered(
  tx: Tx,
  { source, reason, at }: { readonly source: SourceRow; readonly reason: string; readonly at: number },
): Promise<readonly AuditEntry[]> {
  const schedule = await findSchedule(tx, source.id);
  const since = schedule?.unknown_since ?? at;
  const failures = (schedule?.failures ?? 0) + 1;
  await updateSchedule(tx, source.id, { failures, unknown_since: since, unknown_reason: reason });
  const severity = weighBlindness(at - since, schedule?.interval_ms ?? 0);
  if (!severity) return [];
  const sentence = `nothing could be seen since ${new Date(since).toISOString()}: ${reason}`;
  const finding = describeFinding('observation.blind', { subject: source.key, sentence, severity });
  return raiseFindings(
    tx,
    { organisationId: source.organisation_id, source, at },
    { findings: [finding], excused: [] },
  );
}

/** How bad it is that nothing was seen for so long, of what is usually looked at so often; undefined: it may still be an accident. */
export function weighBlindness(blindMs: number, intervalMs: number): Severity | undefined {
  if (blindMs >= 7 * dayMs) return 'high';
  if (blindMs >= dayMs) return 'medium';
  return blindMs > patience * intervalMs ? 'low' : undefined;
}
