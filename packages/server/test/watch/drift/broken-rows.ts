/** Holds a classifier against the table of kinds, and against the rows of each. */
import { isDeepStrictEqual } from 'node:util';
import type { classify } from '../../../src/watch/drift/classify.ts';
import type { driftRules } from '../../../src/watch/drift/kinds.ts';
import { pinned, tabulate } from './pinned-kinds.ts';
import type { Row } from './row.ts';
import { rows } from './rows.ts';
import { type Case, sightingOf } from './scene.ts';

/** A classifier with its table. */
export interface Classifier {
  readonly classify: typeof classify;
  readonly driftRules: typeof driftRules;
}

/** What is wrong: one line for each case that is taken for something else. */
export function findBroken({ classify: judge, driftRules: rules }: Classifier): readonly string[] {
  return [
    ...(isDeepStrictEqual(tabulate(rules), pinned) ? [] : ['the table is another one']),
    ...(judge(sightingOf({})).length === 0 ? [] : ['what is as ever has findings']),
    ...rows.flatMap((row) => judgeRow(judge, row)),
  ];
}

function judgeRow(judge: typeof classify, row: Row): readonly string[] {
  const expected = [row.severity, row.gate, row.after ?? ''].join(' ');
  return [
    ...row.fires.map((differs) => [expected, describe(judge, row, differs)]),
    ...row.silent.map((differs) => ['', describe(judge, row, differs)]),
  ].flatMap(([wanted, got], index) =>
    wanted === got ? [] : [`${row.kind}, case ${index}: expected ${wanted || 'nothing'}, got ${got || 'nothing'}`],
  );
}

function describe(judge: typeof classify, { kind, after }: Row, differs: Case): string {
  return judge(sightingOf(differs))
    .filter((finding) => finding.kind === kind)
    .map((finding) => {
      const print = /^[0-9a-f]{64}$/.test(finding.fingerprint) ? '' : 'without a fingerprint';
      const ends = `${finding.before.join(', ')} → ${finding.after.join(', ')}`;
      return [finding.severity, finding.gate, `${after === undefined ? '' : ends}${print}`].join(' ');
    })
    .join(', ');
}
