/** Base scores of CVSS 3.0 and 3.1 (FIRST, section 7.1). */

const metricPattern = /^[A-Z]{1,3}:[A-Z]$/;

const weights: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
};
const privileges: Readonly<Record<'U' | 'C', Readonly<Record<string, number>>>> = {
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
};

/** The metrics of a vector, by name; undefined when one is malformed or stands there twice. */
export function parseMetrics(parts: readonly string[]): ReadonlyMap<string, string> | undefined {
  const metrics = new Map<string, string>();
  for (const part of parts) {
    const [name = '', value = ''] = part.split(':');
    if (!metricPattern.test(part) || metrics.has(name)) return undefined;
    metrics.set(name, value);
  }
  return metrics;
}

/** The base score of `CVSS:3.x/…`, from 0 to 10; undefined for a vector that is none. Temporal and environmental metrics do not count. */
export function scoreCvss3(vector: string): number | undefined {
  const [version, ...parts] = vector.split('/');
  const metrics = version === 'CVSS:3.0' || version === 'CVSS:3.1' ? parseMetrics(parts) : undefined;
  const scope = metrics?.get('S');
  if (!metrics || (scope !== 'U' && scope !== 'C')) return undefined;
  const weigh = (name: string) => weights[name]?.[metrics.get(name) ?? ''] ?? Number.NaN;
  const privilege = privileges[scope][metrics.get('PR') ?? ''] ?? Number.NaN;
  const lost = 1 - (1 - weigh('C')) * (1 - weigh('I')) * (1 - weigh('A'));
  const impact = scope === 'U' ? 6.42 * lost : 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15;
  const exploitability = 8.22 * weigh('AV') * weigh('AC') * privilege * weigh('UI');
  if (Number.isNaN(impact) || Number.isNaN(exploitability)) return undefined;
  if (impact <= 0) return 0;
  return roundUp(Math.min((scope === 'C' ? 1.08 : 1) * (impact + exploitability), 10));
}

/** Appendix A: the smallest number with one decimal that is not below, without the noise of floating point. */
function roundUp(score: number): number {
  const scaled = Math.round(score * 100_000);
  return scaled % 10_000 === 0 ? scaled / 100_000 : (Math.floor(scaled / 10_000) + 1) / 10;
}
