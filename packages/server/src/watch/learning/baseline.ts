/** The baseline of a line in the database: what is in force, and the next revision of it. */
import type { Actor } from '../../audit/audit.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { emptyRevision, type Revision } from '../baseline/revision.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { Tx } from '../parts.ts';
import { applyDecision, type Decision } from './decision.ts';
import {
  type DecisionRow,
  findLatestRevision,
  insertDecision,
  insertRevision,
  listDecisions,
  type RevisionRow,
} from './store.ts';

/** A revision as it is stored. */
export interface StoredRevision {
  readonly id: string;
  readonly version: number;
  readonly revision: Revision;
}

/** Reads the revision in force; undefined: the line is new. */
export async function readBaseline(query: Query, line: number): Promise<StoredRevision | undefined> {
  const row = await findLatestRevision(query, line);
  return row && parseRevisionRow(row);
}

/** The revision in a row. */
export function parseRevisionRow({ id, version, document }: RevisionRow): StoredRevision {
  return { id, version, revision: JSON.parse(document) as Revision };
}

/** The decision in a row. */
export function parseDecisionRow({ document }: DecisionRow): Decision {
  return JSON.parse(document) as Decision;
}

/** A revision to be stored, and what it rests on. */
export interface RevisionEntry {
  readonly line: number;
  readonly revision: Revision;
  readonly cause: RevisionRow['cause'];
  readonly afterSequence: number;
  readonly decisionId?: string | undefined;
  readonly actor: Actor;
  readonly at: number;
}

/** Stores the next revision of a line and returns it. */
export async function storeRevision(tx: Tx, entry: RevisionEntry): Promise<StoredRevision> {
  const { line, revision, cause, afterSequence, decisionId, actor, at } = entry;
  const version = ((await findLatestRevision(tx, line))?.version ?? 0) + 1;
  const id = createId(at);
  await insertRevision(tx, {
    ...{ id, line, version, document: encodePlain(revision), cause, after_sequence: afterSequence },
    state: revision.state === 'frozen' ? 'established' : revision.state,
    ...{ decision_id: decisionId ?? null, actor: JSON.stringify(actor), created_at: at },
  });
  return { id, version, revision };
}

/** A decision to be stored. */
export interface DecisionEntry {
  readonly line: number;
  readonly decision: Decision;
  readonly cause: 'announced' | 'vouched' | 'decided';
  /** The last observation that there is. */
  readonly afterSequence: number;
  readonly findingId?: string | undefined;
  readonly reason: string;
  readonly actor: Actor;
  readonly at: number;
}

/** Stores a decision with the revision that it makes, which is returned. */
export async function decide(tx: Tx, entry: DecisionEntry): Promise<StoredRevision> {
  const { line, decision, cause, afterSequence, findingId, reason, actor, at } = entry;
  const number = ((await listDecisions(tx, line)).at(-1)?.number ?? 0) + 1;
  const decisionId = createId(at);
  await insertDecision(tx, {
    ...{ id: decisionId, line, number, after_sequence: afterSequence, kind: decision.kind, reason },
    ...{ document: encodePlain(decision), finding_id: findingId ?? null, actor: JSON.stringify(actor), created_at: at },
  });
  const before = (await readBaseline(tx, line))?.revision ?? emptyRevision;
  const revision = applyDecision(before, decision);
  return storeRevision(tx, { line, revision, cause, afterSequence, decisionId, actor, at });
}
