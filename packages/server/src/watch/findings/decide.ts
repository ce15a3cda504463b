/** People decide on findings: each step with actor and reason, the baseline in the same transaction. */
import type { AuditEntry, Caller } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { emptyRevision } from '../baseline/revision.ts';
import type { DriftKind } from '../drift/kinds.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { decide, readBaseline } from '../learning/baseline.ts';
import type { Decision } from '../learning/decision.ts';
import { quarantineArtifact, readLastSequence } from '../observations/store.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { needsTwoPeople } from '../policies/settings.ts';
import { findMemberSince } from '../policies/store.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import { tellRevision } from '../recording/teach.ts';
import { readSource } from '../sources/source.ts';
import { listLines } from '../sources/store.ts';
import { type FindingAct, type FindingDocument, type FindingPlace, tell } from './raise.ts';
import { type FindingRow, findFinding, listFindingArtifacts, updateFinding } from './store.ts';
import { acceptDecision, type Judged, rejectDecision, type Verdict } from './verdict.ts';

/** How long an acceptance with an end may last. */
const maxAcceptanceMs = 366 * 24 * 3_600_000;
/** Artifacts of a finding that are looked at for who signed them. */
const maxArtifacts = 100;

/** What is said of which finding. */
export interface FindingVerdict {
  readonly id: string;
  readonly verdict: Verdict;
  readonly reason: string;
}

/**
 * Carries out what a person says, or with two people asked for keeps it until another one says the same. Throws `not_found`, and
 * `conflict` for a finding that does not wait for it (`watch-finding-state`), `invalid` for an end that is past or too far.
 */
export async function decideFinding(
  { database, now }: WatchParts,
  caller: Caller,
  { id, verdict, reason }: FindingVerdict,
): Promise<FindingRow> {
  return database.transaction(async (tx) => {
    const at = now();
    const row = await findFinding(tx, { organisationId: caller.organisationId, id });
    if (!row) throw new Refusal('not_found', 'no such finding');
    assertPossible(row, verdict, at);
    const step: Step = { row, verdict, reason, caller, place: await placeOf(tx, caller, { row, at }) };
    const letsGo = verdict.kind === 'accept' || verdict.kind === 'dismiss';
    const isHeld = letsGo && row.severity === 'critical' && (await isFirstOfTwo(tx, step));
    const entries = isHeld ? await propose(tx, step) : await carryOut(tx, step);
    await recordAudits(tx, at, entries);
    return (await findFinding(tx, { organisationId: caller.organisationId, id })) ?? row;
  });
}

interface Step extends Omit<FindingVerdict, 'id'> {
  readonly row: FindingRow;
  readonly caller: Caller;
  readonly place: FindingPlace;
}

const openStates: readonly FindingRow['state'][] = ['open', 'acknowledged', 'collapsed'];
const states = { acknowledge: 'acknowledged', accept: 'accepted', reject: 'rejected', dismiss: 'benign' } as const;

function assertPossible(row: FindingRow, verdict: Verdict, now: number): void {
  // An attack may turn out to be one after it was let go.
  const isPossible = openStates.includes(row.state) || (verdict.kind === 'reject' && row.state !== 'rejected');
  if (!isPossible) {
    throw new Refusal('conflict', `expected a finding that is open, got one that is ${row.state}`, {
      rule: 'watch-finding-state',
    });
  }
  const until = verdict.kind === 'accept' ? verdict.until : undefined;
  if (until !== undefined && (until <= now || until > now + maxAcceptanceMs)) {
    throw new Refusal('invalid', 'expected an end within a year', { rule: 'watch-acceptance-end' });
  }
}

async function placeOf(
  tx: Tx,
  { organisationId }: Caller,
  { row, at }: { readonly row: FindingRow; readonly at: number },
): Promise<FindingPlace> {
  if (row.source_id === null) return { organisationId, at };
  const source = await readSource(tx, organisationId, row.source_id);
  const line = (await listLines(tx, source.id)).find(({ number }) => number === row.line);
  return { organisationId, source, line, at };
}

async function isFirstOfTwo(tx: Tx, { row, verdict, caller, place }: Step): Promise<boolean> {
  const { organisationId } = caller;
  const isAsked = place.source ? needsTwoFor(tx, organisationId, place.source.key) : needsTwoPeople(tx, organisationId);
  if (!(await isAsked)) return false;
  // A key is not a person: one person may hold two of them.
  if (caller.actor.kind !== 'person' || caller.actor.id === null) {
    throw new Refusal('forbidden', 'expected a person: two of them accept what is critical', {
      rule: 'watch-two-people',
      hint: 'sign in, and let somebody else do the same',
    });
  }
  const since = await findMemberSince(tx, organisationId, caller.actor.id);
  if (since === undefined || since > row.opened_at) {
    // Or whoever may let people in would make the second one.
    throw new Refusal(
      'forbidden',
      'expected a person who was here before the finding: two of them accept what is critical',
      {
        rule: 'watch-two-people',
      },
    );
  }
  const proposal: { by?: string; verdict?: unknown } = JSON.parse(row.proposal ?? '{}');
  if (proposal.by === undefined || encodePlain(proposal.verdict) !== encodePlain(verdict)) return true;
  // Whoever has left since speaks for nobody.
  if ((await findMemberSince(tx, organisationId, proposal.by)) === undefined) return true;
  if (proposal.by !== caller.actor.id) return false;
  throw new Refusal('conflict', 'expected another person than the one who proposed it', { rule: 'watch-two-people' });
}

async function propose(tx: Tx, { row, verdict, reason, caller, place }: Step): Promise<readonly AuditEntry[]> {
  const proposal = encodePlain({ by: caller.actor.id, verdict });
  await change(tx, row, { proposal, state: 'acknowledged' });
  return [await tell(tx, place, { row, act: 'proposed', note: reason, actor: caller.actor })];
}

async function carryOut(tx: Tx, step: Step): Promise<readonly AuditEntry[]> {
  const { row, verdict, reason, caller, place } = step;
  const state = states[verdict.kind];
  const until = verdict.kind === 'accept' ? verdict.until : undefined;
  await change(tx, row, { state, proposal: null, expires_at: until ?? null });
  const revised = verdict.kind === 'accept' || verdict.kind === 'reject' ? await revise(tx, step) : [];
  const act: FindingAct = { row: { ...row, state }, act: state, note: reason, actor: caller.actor };
  return [...revised, await tell(tx, place, act)];
}

async function change(tx: Tx, row: FindingRow, set: Parameters<typeof updateFinding>[2]): Promise<void> {
  if (!(await updateFinding(tx, row, set))) throw new Error('expected the finding to stand still');
}

/** Makes the baseline agree, in the line or in all of them. */
async function revise(tx: Tx, step: Step): Promise<readonly AuditEntry[]> {
  const { row, verdict, reason, caller, place } = step;
  const artifacts = await listFindingArtifacts(tx, row.id, maxArtifacts);
  if (verdict.kind === 'reject') for (const { number } of artifacts) await quarantineArtifact(tx, number, place.at);
  const { source, line } = place;
  if (!source || !line) return [];
  const { after } = JSON.parse(row.document) as FindingDocument;
  const facts = artifacts.map(({ document }) => JSON.parse(document) as FactSet);
  const judged: Judged = { kind: row.kind as DriftKind, fingerprint: row.fingerprint, after, facts };
  const isWide = verdict.kind === 'accept' && verdict.scope === 'source';
  const entries: AuditEntry[] = [];
  for (const own of isWide ? await listLines(tx, source.id) : [line]) {
    const decision = await decisionOf(tx, own.number, { judged, verdict });
    if (!decision) continue;
    const stored = await decide(tx, {
      ...{ line: own.number, decision, cause: 'decided', findingId: row.id, reason, actor: caller.actor, at: place.at },
      afterSequence: await readLastSequence(tx),
    });
    const lesson = { organisationId: caller.organisationId, source, line: own, at: place.at };
    entries.push(await tellRevision(tx, lesson, { stored, cause: 'decided', actor: caller.actor }));
  }
  return entries;
}

async function decisionOf(
  tx: Tx,
  line: number,
  { judged, verdict }: { readonly judged: Judged; readonly verdict: Verdict },
): Promise<Decision | undefined> {
  if (verdict.kind === 'reject') return rejectDecision(judged);
  const revision = (await readBaseline(tx, line))?.revision ?? emptyRevision;
  return acceptDecision(judged, revision, verdict.kind === 'accept' ? verdict.until : undefined);
}
