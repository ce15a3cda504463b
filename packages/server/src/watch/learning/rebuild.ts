/** Learns a line again from the beginning: observations and decisions in their order make the same revisions. */
import type { Query } from '../../storage/database.ts';
import { emptyRevision, type Revision } from '../baseline/revision.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { advanceRevision } from './advance.ts';
import { parseDecisionRow } from './baseline.ts';
import { applyDecision, type Decision } from './decision.ts';
import type { LearningRules } from './rules.ts';
import type { Sample } from './sample.ts';
import { type DecisionRow, listDecisions, listSightings, type SightedRow } from './store.ts';

/** What a source says of its lines. */
export interface LineSettings {
  readonly rules: LearningRules;
  readonly declaredRepository: string | undefined;
}

/** How many artifacts a line is learned from. */
export const maxSamples = 500;

/** All revisions of a line in their order, without reading those that are stored. */
export async function rebuildRevisions(
  query: Query,
  line: number,
  settings: LineSettings,
): Promise<readonly Revision[]> {
  const decisions = await listDecisions(query, line);
  const groups = groupByTime(await listSightings(query, line));
  const revisions: Revision[] = [];
  const decided: Decision[] = [];
  const samples = new Map<number, Sample>();
  const add = (revision: Revision | undefined) => {
    if (revision) revisions.push(revision);
  };
  const takeDecisions = (until: number) => {
    for (const row of decisions.splice(0, countUntil(decisions, until))) {
      const decision = parseDecisionRow(row);
      decided.push(decision);
      add(applyDecision(revisions.at(-1) ?? emptyRevision, decision));
    }
  };
  for (const group of groups) {
    takeDecisions((group[0]?.sequence ?? 0) - 1);
    for (const row of group) samples.set(row.artifact, mergeSample(samples.get(row.artifact), row));
    const now = group[0]?.seen_at ?? 0;
    const lesson = { samples: selectLast([...samples.values()]), ...settings, now };
    const seen = group.map(({ document }) => JSON.parse(document) as FactSet);
    add(advanceRevision({ before: revisions.at(-1), decisions: decided, lesson, seen })?.revision);
  }
  takeDecisions(Number.MAX_SAFE_INTEGER);
  return revisions;
}

/** Those that a line is learned from: the last ones, by number. */
function selectLast(samples: readonly Sample[]): readonly Sample[] {
  return [...samples].sort((left, right) => left.number - right.number).slice(-maxSamples);
}

/** Sightings of one transaction have one time, and no two transactions have the same. */
function groupByTime(rows: readonly SightedRow[]): readonly (readonly SightedRow[])[] {
  const groups = new Map<number, SightedRow[]>();
  for (const row of rows) groups.set(row.seen_at, [...(groups.get(row.seen_at) ?? []), row]);
  return [...groups.values()];
}

function countUntil(rows: readonly DecisionRow[], sequence: number): number {
  const index = rows.findIndex((row) => row.after_sequence > sequence);
  return index < 0 ? rows.length : index;
}

function mergeSample(before: Sample | undefined, { artifact, seen_at: seenAt, document }: SightedRow): Sample {
  const facts = JSON.parse(document) as FactSet;
  return { number: artifact, firstSeenAt: before?.firstSeenAt ?? seenAt, facts };
}

/** Whether two lists of revisions say the same. */
export function isSameHistory(left: readonly Revision[], right: readonly Revision[]): boolean {
  return encodePlain(left) === encodePlain(right);
}
