/** Whether the memory of a process stays flat while it is up. */

/** What it took at a moment. */
export interface MemorySample {
  readonly atSeconds: number;
  readonly mebibytes: number;
}

/** Fewer say nothing: what the collector of garbage does is greater. */
const fewestSamples = 20;

/** What the line through the second half may rise by, from its beginning to its end: 16 MiB, or a twentieth of what there is. */
const mostMebibytes = 16;
const mostShare = 0.05;

/**
 * How much the memory rises over the second half of the samples, in MiB: the line of least squares through them. Undefined for too few. The first
 * half is the time in which a process grows to its size.
 */
export function measureRise(
  samples: readonly MemorySample[],
): { readonly rise: number; readonly bound: number } | undefined {
  const half = samples.slice(Math.floor(samples.length / 2));
  const [first, last] = [half[0], half.at(-1)];
  if (half.length < fewestSamples || !first || !last) return undefined;
  const meanAt = meanOf(half.map(({ atSeconds }) => atSeconds));
  const mean = meanOf(half.map(({ mebibytes }) => mebibytes));
  let [products, squares] = [0, 0];
  for (const { atSeconds, mebibytes } of half) {
    products += (atSeconds - meanAt) * (mebibytes - mean);
    squares += (atSeconds - meanAt) ** 2;
  }
  const rise = (products / squares) * (last.atSeconds - first.atSeconds);
  return { rise, bound: Math.max(mostMebibytes, mostShare * mean) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
