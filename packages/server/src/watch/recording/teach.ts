/** What a line makes of new sightings: announced signers first, then what is learned. */
import { type AuditEntry, systemActor } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { emptyRevision, type Revision } from '../baseline/revision.ts';
import { selectStrangers } from '../drift/signers.ts';
import type { FactSet, SignatureFact } from '../facts/fact-set.ts';
import type { Identity } from '../facts/identity.ts';
import { advanceRevision } from '../learning/advance.ts';
import { decide, parseDecisionRow, readBaseline, type StoredRevision, storeRevision } from '../learning/baseline.ts';
import type { Signers } from '../learning/decision.ts';
import { type LineSettings, maxSamples } from '../learning/rebuild.ts';
import { listAnnouncements, listDecisions, type RevisionRow } from '../learning/store.ts';
import { listLastArtifacts } from '../observations/store.ts';
import type { Tx } from '../parts.ts';

/** The line, and what was seen of it in this transaction. */
export interface Lesson {
  readonly organisationId: string;
  readonly source: { readonly id: string; readonly key: string };
  readonly line: { readonly number: number; readonly name: string };
  readonly settings: LineSettings;
  readonly facts: readonly FactSet[];
  /** The last observation before, and the last one of this transaction. */
  readonly sequences: { readonly before: number; readonly last: number };
  readonly at: number;
}

/** What came of it. */
export interface Taught {
  /** What findings are judged by. */
  readonly inForce: Revision;
  readonly entries: readonly AuditEntry[];
}

/** Brings a line up to date. An established line is judged by what it was before, so that a rename is told as well as followed. */
export async function teachLine(tx: Tx, lesson: Lesson): Promise<Taught> {
  const announced = await acceptAnnounced(tx, lesson);
  const before = (await readBaseline(tx, lesson.line.number))?.revision;
  const isKnown = before?.state === 'established' || before?.state === 'declared';
  const samples = isKnown ? [] : await readSamples(tx, lesson.line.number);
  const decisions = isKnown ? [] : (await listDecisions(tx, lesson.line.number)).map(parseDecisionRow);
  const next = advanceRevision({
    ...{ before, decisions, seen: lesson.facts },
    lesson: { samples, ...lesson.settings, now: lesson.at },
  });
  if (!next) return { inForce: before ?? emptyRevision, entries: announced };
  const stored = await storeRevision(tx, {
    ...{ line: lesson.line.number, revision: next.revision, cause: next.cause, afterSequence: lesson.sequences.last },
    ...{ actor: systemActor, at: lesson.at },
  });
  const entry = await tellRevision(tx, lesson, { stored, cause: next.cause });
  return { inForce: isKnown && before ? before : next.revision, entries: [...announced, entry] };
}

async function readSamples(tx: Tx, line: number) {
  const rows = await listLastArtifacts(tx, { line, limit: maxSamples });
  return rows
    .map(({ number, first_seen_at: firstSeenAt, document }) => ({
      ...{ number, firstSeenAt },
      facts: JSON.parse(document) as FactSet,
    }))
    .reverse();
}

/** Accepts strangers whom somebody announced for this time. */
async function acceptAnnounced(tx: Tx, lesson: Lesson): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  const announcements = await listAnnouncements(tx, { sourceId: lesson.source.id, now: lesson.at });
  for (const { signers, reason, actor } of announcements) {
    const revision = (await readBaseline(tx, lesson.line.number))?.revision ?? emptyRevision;
    const arrived = selectArrived(revision, lesson.facts, JSON.parse(signers) as AnnouncedSigners);
    if (arrived.identities.length + arrived.keys.length === 0) continue;
    const stored = await decide(tx, {
      ...{ line: lesson.line.number, decision: { kind: 'accept', ...arrived }, cause: 'announced' },
      ...{ afterSequence: lesson.sequences.before, reason, actor: JSON.parse(actor), at: lesson.at },
    });
    entries.push(await tellRevision(tx, lesson, { stored, cause: 'announced' }));
  }
  return entries;
}

/** Who is expected: every claim that is named must be that one; issuer and subject always are. */
export interface AnnouncedSigners {
  readonly identities: readonly (Pick<Identity, 'issuer' | 'subject'> & Partial<Identity>)[];
  readonly keys: readonly string[];
}

function selectArrived(revision: Revision, facts: readonly FactSet[], announced: AnnouncedSigners): Signers {
  const strangers = facts.flatMap(({ signatures }) =>
    signatures === 'unknown'
      ? []
      : selectStrangers(
          revision,
          signatures.filter(({ outcome }) => outcome === 'verified'),
        ),
  );
  return {
    identities: strangers.flatMap(({ identity }: SignatureFact) =>
      identity && isAnnounced(announced, identity) ? [identity] : [],
    ),
    keys: strangers.flatMap(({ identity, key }) => (!identity && key && announced.keys.includes(key) ? [key] : [])),
  };
}

/** Whether an identity fits one that is expected, by every claim that is named. */
export function isAnnounced({ identities }: AnnouncedSigners, seen: Identity): boolean {
  return identities.some((expected) =>
    Object.entries(expected).every(([claim, value]) => seen[claim as keyof Identity] === value),
  );
}

/** Adds the event, and returns what the audit log must be told. */
export async function tellRevision(
  tx: Tx,
  { organisationId, source, line, at }: Pick<Lesson, 'organisationId' | 'source' | 'line' | 'at'>,
  {
    stored,
    cause,
    actor = systemActor,
  }: {
    readonly stored: StoredRevision;
    readonly cause: RevisionRow['cause'];
    readonly actor?: AuditEntry['actor'];
  },
): Promise<AuditEntry> {
  const { id, version, revision } = stored;
  const payload = { source: source.key, line: line.name, version, state: revision.state, cause };
  await recordEvent(tx, { id: createId(at), organisationId, topic: 'watch.baseline.revised', payload, at });
  const object = { kind: 'watch_revision', id };
  return { organisationId, actor, action: 'watch_baseline.revised', object, detail: payload };
}
