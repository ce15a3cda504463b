/** How severe a vulnerability is: by its CVSS vector, else by what its database says. */
import { scoreCvss3 } from './cvss3.ts';
import { scoreCvss4 } from './cvss4.ts';

/** From the worst to the least; `unknown` when nobody says. */
export const severityLevels = ['critical', 'high', 'medium', 'low', 'none', 'unknown'] as const;

/** The qualitative rating of CVSS 3 and 4 (section 5 and 6). */
export type SeverityLevel = (typeof severityLevels)[number];

/** A rating, with the score and vector that it comes from. */
export interface Severity {
  readonly level: SeverityLevel;
  /** The base score times ten. */
  readonly scoreTenths: number | undefined;
  readonly vector: string | undefined;
}

/** The words of databases. GitHub says `MODERATE`. */
const words: Readonly<Record<string, SeverityLevel>> = {
  critical: 'critical',
  high: 'high',
  important: 'high',
  moderate: 'medium',
  medium: 'medium',
  low: 'low',
  negligible: 'low',
  none: 'none',
};

/** The worst of the vectors that can be scored, else the word of the database. */
export function rateSeverity(vectors: readonly string[], word: string | undefined): Severity {
  const scored = vectors.flatMap((vector) => {
    const score = scoreCvss3(vector) ?? scoreCvss4(vector);
    return score === undefined ? [] : [{ score, vector }];
  });
  const [worst] = scored.sort((left, right) => right.score - left.score);
  if (worst) {
    const scoreTenths = Math.round(worst.score * 10);
    return { level: rateScore(scoreTenths), scoreTenths, vector: worst.vector };
  }
  const key = word?.toLowerCase() ?? '';
  const level = (Object.hasOwn(words, key) ? words[key] : undefined) ?? 'unknown';
  return { level, scoreTenths: undefined, vector: undefined };
}

function rateScore(tenths: number): SeverityLevel {
  if (tenths >= 90) return 'critical';
  if (tenths >= 70) return 'high';
  if (tenths >= 40) return 'medium';
  return tenths > 0 ? 'low' : 'none';
}
