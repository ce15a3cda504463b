/** What a benchmark measures: a ratio to a peer in the same run, or an amount under a limit, and the bar for it. */

/** One bar and how it was met. */
export interface Measurement {
  readonly name: string;
  readonly measured: number;
  /** `at least` for ratios, `at most` for limits. */
  readonly bar: { readonly kind: 'at least' | 'at most'; readonly value: number; readonly unit: string };
  /** The figures behind it, in words. */
  readonly detail: string;
}

/** Whether the bar is met. */
export function isMet({ measured, bar }: Measurement): boolean {
  return bar.kind === 'at least' ? measured >= bar.value : measured <= bar.value;
}

/** One line for people. */
export function formatMeasurement(measurement: Measurement): string {
  const { name, measured, bar, detail } = measurement;
  const verdict = isMet(measurement) ? 'met   ' : 'MISSED';
  return `${verdict} ${name}: ${formatAmount(measured)}${bar.unit}, bar ${bar.kind} ${bar.value}${bar.unit} (${detail})`;
}

/** Two contestants measured in turn, so that what else the machine does hits both alike. */
export interface Contest {
  readonly rounds: number;
  /** Each returns an amount per second; more is better. */
  readonly ours: () => Promise<number>;
  readonly peer: () => Promise<number>;
}

/** The median of the rounds' ratios, ours to the peer's, after one round that does not count. */
export async function compareInRounds({ rounds, ours, peer }: Contest): Promise<{
  readonly ratio: number;
  readonly ours: number;
  readonly peer: number;
}> {
  await ours();
  await peer();
  const pairs: { ours: number; peer: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first in every other round.
    const [first, second] = round % 2 === 0 ? [ours, peer] : [peer, ours];
    const [a, b] = [await first(), await second()];
    pairs.push(round % 2 === 0 ? { ours: a, peer: b } : { ours: b, peer: a });
  }
  return {
    ratio: quantile(
      pairs.map((pair) => pair.ours / pair.peer),
      0.5,
    ),
    ours: quantile(
      pairs.map((pair) => pair.ours),
      0.5,
    ),
    peer: quantile(
      pairs.map((pair) => pair.peer),
      0.5,
    ),
  };
}

/** The value below which `fraction` of `values` lie; the upper of two middle ones. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))];
  if (value === undefined) throw new TypeError('expected at least one value');
  return value;
}

/** A number with three significant digits or its whole part. */
export function formatAmount(amount: number): string {
  return Math.abs(amount) >= 100 ? Math.round(amount).toLocaleString('en-US') : amount.toPrecision(3);
}
