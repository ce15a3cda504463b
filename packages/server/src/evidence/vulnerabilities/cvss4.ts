/** Base scores of CVSS 4.0 (FIRST, section 8.2): the score of the macro vector, less the mean of the distances within it. */
import { parseMetrics } from './cvss3.ts';

/** How severe the values of a metric are, most severe first: a step in the list is a step of distance. */
const levels: Readonly<Record<string, string>> = {
  ...{ AV: 'NALP', AC: 'LH', AT: 'NP', PR: 'NLH', UI: 'NPA' },
  ...{ VC: 'HLN', VI: 'HLN', VA: 'HLN', SC: 'HLN', SI: 'HLN', SA: 'HLN' },
};

/**
 * Scores of the macro vectors that base metrics reach, and of those next below: by EQ1, EQ2, EQ3 and EQ6, then for EQ4 at 1 and at 2. EQ5 is 0, since without a
 * threat metric the worst counts.
 */
const scores: Readonly<Record<string, readonly [high: number, low: number]>> = {
  '0000': [10, 9.3],
  '0001': [9.6, 9],
  '0010': [9.3, 8.8],
  '0011': [9.2, 8],
  '0021': [7.9, 6.9],
  '0100': [9.5, 9.2],
  '0101': [9.1, 8.1],
  '0110': [9.2, 8.4],
  '0111': [8.2, 7],
  '0121': [7.1, 6.3],
  '1000': [9.4, 8.7],
  '1001': [8.9, 7.5],
  '1010': [8.6, 7.2],
  '1011': [7.6, 5.7],
  '1021': [6.5, 5.3],
  '1100': [9, 7.7],
  '1101': [7.7, 6.6],
  '1110': [7.4, 6.1],
  '1111': [5.9, 5.2],
  '1121': [5.8, 2.3],
  '2000': [8.6, 7],
  '2001': [7.4, 5.4],
  '2010': [7.2, 5.3],
  '2011': [5.7, 3.6],
  '2021': [4.7, 2.4],
  '2100': [7.3, 5.4],
  '2101': [5.5, 4.3],
  '2110': [6.1, 4.6],
  '2111': [5.1, 1.8],
  '2121': [2.4, 1],
};

/** The most severe vectors of each set, as values of its metrics in order. The first that is not below the vector counts. */
const highest = {
  eq1: { metrics: ['AV', 'PR', 'UI'], vectors: [['NNN'], ['ANN', 'NLN', 'NNP'], ['PNN', 'ALP']], depths: [1, 4, 5] },
  eq2: { metrics: ['AC', 'AT'], vectors: [['LN'], ['HN', 'LP']], depths: [1, 2] },
  eq3: {
    metrics: ['VC', 'VI', 'VA'],
    vectors: [['HHH'], ['LHH', 'HLH'], ['LLL']],
    depths: [7, 8, 10],
  },
  eq4: { metrics: ['SC', 'SI', 'SA'], vectors: [[], ['HHH'], ['LLL']], depths: [6, 5, 4] },
} as const;

type EquivalenceSet = (typeof highest)[keyof typeof highest];

/** The base score of `CVSS:4.0/…`, from 0 to 10; undefined for a vector that is none. Metrics of threat and environment do not count. */
export function scoreCvss4(vector: string): number | undefined {
  const [version, ...parts] = vector.split('/');
  const metrics = version === 'CVSS:4.0' ? parseMetrics(parts) : undefined;
  if (!metrics) return undefined;
  const isWhole = Object.entries(levels).every(([name, values]) => values.includes(metrics.get(name) ?? '?'));
  if (!isWhole) return undefined;
  if (['VC', 'VI', 'VA', 'SC', 'SI', 'SA'].every((name) => metrics.get(name) === 'N')) return 0;
  return scoreMacroVector(metrics);
}

interface MacroVector {
  readonly eq1: number;
  readonly eq2: number;
  readonly eq3: number;
  readonly eq4: number;
  readonly eq6: number;
}

/** Tables 24 to 30. */
function classify(metrics: ReadonlyMap<string, string>): MacroVector {
  const is = (name: string, value: string) => metrics.get(name) === value;
  const free = [is('AV', 'N'), is('PR', 'N'), is('UI', 'N')];
  const eq1 = free.every(Boolean) ? 0 : free.some(Boolean) && !is('AV', 'P') ? 1 : 2;
  const isAnyHigh = is('VC', 'H') || is('VI', 'H') || is('VA', 'H');
  const eq3 = is('VC', 'H') && is('VI', 'H') ? 0 : isAnyHigh ? 1 : 2;
  return {
    ...{ eq1, eq2: is('AC', 'L') && is('AT', 'N') ? 0 : 1, eq3, eq6: isAnyHigh ? 0 : 1 },
    // 0 is for safety, which only environmental metrics name.
    eq4: is('SC', 'H') || is('SI', 'H') || is('SA', 'H') ? 1 : 2,
  };
}

function scoreOf({ eq1, eq2, eq3, eq4, eq6 }: MacroVector): number | undefined {
  const row = scores[`${eq1}${eq2}${eq3}${eq6}`];
  return eq4 === 1 || eq4 === 2 ? row?.[eq4 - 1] : undefined;
}

function scoreMacroVector(metrics: ReadonlyMap<string, string>): number | undefined {
  const macro = classify(metrics);
  const score = scoreOf(macro);
  if (score === undefined) return undefined;
  const below: readonly (readonly [number | undefined, EquivalenceSet, number])[] = [
    [scoreOf({ ...macro, eq1: macro.eq1 + 1 }), highest.eq1, macro.eq1],
    [scoreOf({ ...macro, eq2: macro.eq2 + 1 }), highest.eq2, macro.eq2],
    [scoreBelowImpact(macro), highest.eq3, macro.eq3],
    [scoreOf({ ...macro, eq4: macro.eq4 + 1 }), highest.eq4, macro.eq4],
  ];
  const distances = below.flatMap(([lower, set, at]) =>
    lower === undefined ? [] : [(score - lower) * measureDepth(metrics, set, at)],
  );
  // EQ5 always has a set below, and no distance within its own.
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / (distances.length + 1);
  // Floating point puts exact halves just below themselves.
  return Math.round((Math.min(10, Math.max(0, score - mean)) + 1e-6) * 10) / 10;
}

/** EQ3 and EQ6 go down together; where there are two ways, the one with the higher score counts. */
function scoreBelowImpact(macro: MacroVector): number | undefined {
  const both = { ...macro, eq3: macro.eq3 + 1, eq6: macro.eq6 + 1 };
  if (macro.eq3 === 2) return scoreOf(both);
  const right = scoreOf({ ...macro, eq3: macro.eq3 + 1 });
  const left = scoreOf({ ...macro, eq6: macro.eq6 + 1 });
  return macro.eq3 === 0 ? Math.max(left ?? 0, right ?? 0) : left;
}

/** How far the vector lies below the highest one of its set, as a part of the depth of the set. */
function measureDepth(metrics: ReadonlyMap<string, string>, set: EquivalenceSet, at: number): number {
  const vectors: readonly string[] = set.vectors[at] ?? [];
  for (const top of vectors) {
    const steps = set.metrics.map((name, index) => rank(name, metrics.get(name)) - rank(name, top[index]));
    if (steps.every((step) => step >= 0)) return steps.reduce((sum, step) => sum + step, 0) / (set.depths[at] ?? 1);
  }
  return 0;
}

function rank(name: string, value: string | undefined): number {
  return (levels[name] ?? '').indexOf(value ?? '?');
}
