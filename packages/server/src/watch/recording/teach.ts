/** What a line makes of new sightings: announced signers first, then what is learned. */
import { type AuditEntry, systemActor } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { emptyRevision, type Revision } from '../baseline/revision.ts';
import { nameSigner, selectStrangers } from '../drift/signers.ts';
import type { FactSet, SignatureFact, VouchFact } from '../facts/fact-set.ts';
import type { Identity } from '../facts/identity.ts';
import { advanceRevision } from '../learning/advance.ts';
import { decide, parseDecisionRow, readBaseline, type StoredRevision, storeRevision } from '../learning/baseline.ts';
import type { Signers } from '../learning/decision.ts';
import { type LineSettings, maxSamples } from '../learning/rebuild.ts';
import { listAnnouncements, listDecisions, type RevisionRow } from '../learning/store.ts';
import { selectVouched, type Vouched } from '../learning/vouch.ts';
import { listLastArtifacts } from '../observations/store.ts';
import type { Tx } from '../parts.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import { listLines } from '../sources/store.ts';

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
  /** Who was accepted now by whose word, as findings name them. */
  readonly vouched?: ReadonlyMap<string, string> | undefined;
}

/** Brings a line up to date. An established line is judged by what it was before, so that a rename is told as well as followed. */
export async function teachLine(tx: Tx, lesson: Lesson): Promise<Taught> {
  const expected = await listExpected(tx, lesson);
  const announced = await acceptAnnounced(tx, lesson, expected);
  const { prior, vouched, entries: told } = await acceptVouched(tx, lesson, expected);
  const before = (await readBaseline(tx, lesson.line.number))?.revision;
  const isKnown = before?.state === 'established' || before?.state === 'declared';
  const samples = isKnown ? [] : await readSamples(tx, lesson.line.number);
  const decisions = isKnown ? [] : (await listDecisions(tx, lesson.line.number)).map(parseDecisionRow);
  const next = advanceRevision({
    ...{ before, decisions, seen: lesson.facts },
    lesson: { samples, ...lesson.settings, now: lesson.at },
  });
  const accepted = [...announced, ...told];
  if (!next) return { inForce: prior ?? before ?? emptyRevision, entries: accepted, vouched };
  const stored = await storeRevision(tx, {
    ...{ line: lesson.line.number, revision: next.revision, cause: next.cause, afterSequence: lesson.sequences.last },
    ...{ actor: systemActor, at: lesson.at },
  });
  const entry = await tellRevision(tx, lesson, { stored, cause: next.cause });
  return { inForce: prior ?? (isKnown && before ? before : next.revision), entries: [...accepted, entry], vouched };
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

interface Expected {
  readonly signers: AnnouncedSigners;
  readonly reason: string;
  readonly actor: string;
}

/** What people said of signers to come, as far as its time is now. */
async function listExpected(tx: Tx, { source, at }: Lesson): Promise<readonly Expected[]> {
  const rows = await listAnnouncements(tx, { sourceId: source.id, now: at });
  return rows.map(({ signers, reason, actor }) => ({
    ...{ signers: JSON.parse(signers) as AnnouncedSigners, reason, actor },
  }));
}

/** Accepts strangers whom somebody announced for this time. */
async function acceptAnnounced(tx: Tx, lesson: Lesson, expected: readonly Expected[]): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (const { signers, reason, actor } of expected) {
    const revision = (await readBaseline(tx, lesson.line.number))?.revision ?? emptyRevision;
    const arrived = selectArrived(revision, lesson.facts, signers);
    if (arrived.identities.length + arrived.keys.length === 0) continue;
    const stored = await decide(tx, {
      ...{ line: lesson.line.number, decision: { kind: 'accept', ...arrived }, cause: 'announced' },
      ...{ afterSequence: lesson.sequences.before, reason, actor: JSON.parse(actor), at: lesson.at },
    });
    entries.push(await tellRevision(tx, lesson, { stored, cause: 'announced' }));
  }
  return entries;
}

interface VouchedFor {
  /** In force before; absent: nobody was accepted. */
  readonly prior?: Revision | undefined;
  readonly vouched?: ReadonlyMap<string, string> | undefined;
  readonly entries: readonly AuditEntry[];
}

/** Accepts strangers for whom a known signer vouches; where two people accept strangers, they do. */
async function acceptVouched(tx: Tx, lesson: Lesson, expected: readonly Expected[]): Promise<VouchedFor> {
  const { organisationId, source, line, facts, at } = lesson;
  const handedIn = expected.flatMap(({ signers }) => signers.vouch ?? []);
  if (handedIn.length === 0 && !facts.some(({ vouches }) => vouches)) return { entries: [] };
  const prior = (await readBaseline(tx, line.number))?.revision ?? emptyRevision;
  // Of all lines: in one that they began themselves, whoever is there by a running word would be nobody's protégé.
  const lines = await listLines(tx, source.id);
  const rows = await Promise.all(lines.map(({ number }) => listDecisions(tx, number)));
  const decisions = rows.flat().map(parseDecisionRow);
  const found = selectVouched({
    ...{ revision: prior, decisions, facts, handedIn, source: source.key, line: line.name, at },
  });
  if (found.length === 0 || (await needsTwoFor(tx, organisationId, source.key))) return { entries: [] };
  const entries: AuditEntry[] = [];
  for (const one of uniqueSigners(found)) {
    const { identity, key } = one.signature;
    const signers = { identities: identity ? [identity] : [], keys: identity || !key ? [] : [key] };
    const stored = await decide(tx, {
      ...{ line: line.number, decision: { kind: 'accept', vouchedUntil: one.until, ...signers }, cause: 'vouched' },
      ...{
        afterSequence: lesson.sequences.before,
        reason: `${nameVoucher(one)} vouches for them`,
        actor: systemActor,
        at,
      },
    });
    entries.push(await tellRevision(tx, lesson, { stored, cause: 'vouched' }));
  }
  const vouched = new Map(found.map((one) => [nameSigner(one.signature), nameVoucher(one)]));
  return { prior, vouched, entries };
}

function uniqueSigners(found: readonly Vouched[]): Iterable<Vouched> {
  return new Map(found.map((one) => [nameSigner(one.signature), one])).values();
}

function nameVoucher({ by, signature }: Vouched): string {
  return nameSigner({ ...signature, identity: undefined, key: undefined, kind: 'key', ...by });
}

/** Who is expected: every claim that is named must be that one; issuer and subject always are. */
export interface AnnouncedSigners {
  readonly identities: readonly (Pick<Identity, 'issuer' | 'subject'> & Partial<Identity>)[];
  readonly keys: readonly string[];
  /** A statement that was handed in instead, by which somebody vouches for them. */
  readonly vouch?: VouchFact | undefined;
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
