/** From differences to findings that last: opened once, counted after that, opened again when they come back. */
import { createHash } from 'node:crypto';
import type { AuditAction } from '../../audit/actions.ts';
import { type AuditEntry, systemActor } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Excuse } from '../baseline/revision.ts';
import type { Finding } from '../drift/classify.ts';
import { type DriftKind, driftRules, severities } from '../drift/kinds.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { quarantineArtifact } from '../observations/store.ts';
import type { Tx } from '../parts.ts';
import {
  type FindingEventRow,
  type FindingRow,
  findByFingerprint,
  insertFinding,
  insertFindingEvent,
  linkArtifact,
  updateFinding,
} from './store.ts';

/** Where a finding was made. */
export interface FindingPlace {
  readonly organisationId: string;
  /** Absent for what concerns no source alone. */
  readonly source?: { readonly id: string; readonly key: string } | undefined;
  readonly line?: { readonly number: number; readonly name: string } | undefined;
  readonly artifact?: { readonly number: number; readonly content: string } | undefined;
  readonly at: number;
}

/** What is stored of a finding as it was found last. */
export type FindingDocument = Pick<Finding, 'before' | 'after' | 'sentence' | 'benign'>;

/** The text of a fingerprint that no line has: of a source, or of a whole organisation. */
export function fingerprintOf(kind: DriftKind, subject: string): string {
  return createHash('sha256')
    .update(encodePlain([kind, subject]))
    .digest('hex');
}

/** A finding that no fact set makes by itself. */
export function describeFinding(
  kind: DriftKind,
  {
    subject,
    sentence,
    severity,
  }: { readonly subject: string; readonly sentence: string; readonly severity?: Finding['severity'] },
): Finding {
  const { base, gate, benign } = driftRules[kind];
  return {
    ...{ kind, before: [], after: [subject], sentence, benign, gate, severity: severity ?? base },
    fingerprint: fingerprintOf(kind, subject),
  };
}

/** Records findings of one artifact and returns what the audit log must be told. What is excused makes none. */
export async function raiseFindings(
  tx: Tx,
  place: FindingPlace,
  { findings, excused }: { readonly findings: readonly Finding[]; readonly excused: readonly Excuse[] },
): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (const finding of findings) {
    const isExcused = excused.some(
      ({ fingerprint, until }) => fingerprint === finding.fingerprint && (until === null || until > place.at),
    );
    if (!isExcused) entries.push(...(await raiseFinding(tx, place, finding)));
  }
  return entries;
}

async function raiseFinding(tx: Tx, place: FindingPlace, finding: Finding): Promise<readonly AuditEntry[]> {
  const { organisationId, artifact } = place;
  const known = await findByFingerprint(tx, { organisationId, fingerprint: finding.fingerprint });
  const row = known ?? (await openFinding(tx, place, finding));
  const isNew = artifact !== undefined && (await linkArtifact(tx, row.id, artifact.number));
  if (!known) return [await tell(tx, place, { row, act: 'opened', note: finding.sentence })];
  return takeAgain(tx, place, { row: known, finding, isNew });
}

async function openFinding(
  tx: Tx,
  { organisationId, source, line, at }: FindingPlace,
  finding: Finding,
): Promise<FindingRow> {
  const { before, after, sentence, benign } = finding;
  const row: FindingRow = {
    ...{ id: createId(at), organisation_id: organisationId, fingerprint: finding.fingerprint, kind: finding.kind },
    ...{ source_id: source?.id ?? null, line: line?.number ?? null, severity: finding.severity, gate: finding.gate },
    ...{ state: 'open', document: encodePlain({ before, after, sentence, benign } satisfies FindingDocument) },
    ...{ good_artifacts: 0, sightings: 1, opened_at: at, last_seen_at: at, expires_at: null, proposal: null },
  };
  await insertFinding(tx, row);
  return row;
}

interface Again {
  readonly row: FindingRow;
  readonly finding: Finding;
  /** The artifact did not show it before. */
  readonly isNew: boolean;
}

/** What was decided holds for what was decided on; what was over, and comes again, is open again. */
async function takeAgain(tx: Tx, place: FindingPlace, { row, finding, isNew }: Again): Promise<readonly AuditEntry[]> {
  const { at, artifact } = place;
  const counted = { sightings: row.sightings + 1, last_seen_at: at, good_artifacts: 0 };
  if (row.state === 'rejected') {
    if (isNew && artifact) await quarantineArtifact(tx, artifact.number, at);
    await updateFinding(tx, row, counted);
    return [];
  }
  // What no line excuses is let go here.
  if (row.state === 'accepted' && row.line === null && (row.expires_at === null || row.expires_at > at)) {
    await updateFinding(tx, row, counted);
    return [];
  }
  const isOver = row.state === 'accepted' || row.state === 'resolved' || (row.state === 'benign' && isNew);
  if (isOver) {
    const open = {
      ...counted,
      state: 'open',
      expires_at: null,
      proposal: null,
      severity: finding.severity,
      gate: finding.gate,
    } as const;
    await updateFinding(tx, row, open);
    const act = row.state === 'accepted' ? 'expired' : 'reopened';
    return [await tell(tx, place, { row: { ...row, ...open }, act, note: finding.sentence })];
  }
  const isWorse = severities.indexOf(finding.severity) > severities.indexOf(row.severity);
  await updateFinding(tx, row, { ...counted, ...(isWorse && { severity: finding.severity, gate: finding.gate }) });
  if (!isWorse || row.state === 'benign' || row.state === 'collapsed') return [];
  return [
    await tell(tx, place, { row: { ...row, severity: finding.severity }, act: 'escalated', note: finding.sentence }),
  ];
}

/** What the audit log calls what happened to a finding. */
const findingActions = {
  opened: 'watch_finding.opened',
  escalated: 'watch_finding.escalated',
  acknowledged: 'watch_finding.acknowledged',
  proposed: 'watch_finding.proposed',
  accepted: 'watch_finding.accepted',
  rejected: 'watch_finding.rejected',
  benign: 'watch_finding.dismissed',
  resolved: 'watch_finding.resolved',
  collapsed: 'watch_finding.collapsed',
  expired: 'watch_finding.expired',
  reopened: 'watch_finding.reopened',
} as const satisfies Readonly<Record<FindingEventRow['act'], AuditAction>>;

/** What happened to a finding. */
export interface FindingAct {
  readonly row: FindingRow;
  readonly act: FindingEventRow['act'];
  readonly note: string;
  /** Absent: the watch itself. */
  readonly actor?: AuditEntry['actor'];
}

/** Adds it to the finding's history and to the outbox, and returns what the audit log must be told. */
export async function tell(
  tx: Tx,
  { organisationId, source, line, artifact, at }: FindingPlace,
  { row, act, note, actor = systemActor }: FindingAct,
): Promise<AuditEntry> {
  await insertFindingEvent(tx, {
    finding_id: row.id,
    act,
    actor: JSON.stringify(actor),
    note: JSON.stringify(note),
    created_at: at,
  });
  const detail = {
    ...{ finding: row.id, kind: row.kind, severity: row.severity },
    ...(source && { source: source.key }),
    ...(line && { line: line.name }),
    ...(artifact && { sha256: artifact.content }),
  };
  await recordEvent(tx, { id: createId(at), organisationId, topic: `watch.finding.${act}`, payload: detail, at });
  const object = { kind: 'watch_finding', id: row.id };
  return { organisationId, actor, action: findingActions[act], object, detail: { ...detail, note } };
}
