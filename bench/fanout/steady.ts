/** A steady rate of frames, and what the machine itself does meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readStolenSeconds } from '../../test/programs/process-usage.ts';
import { quantile } from '../measurement.ts';
import { type Contestant, createFrame } from './contestants.ts';
import type { Latencies } from './orders.ts';
import type { SampledCrowd } from './sampled-crowd.ts';

/** How many frames, and how many of them a second. */
export interface Rate {
  readonly count: number;
  readonly perSecond: number;
}

/** How long frames took, and the share of the machine that its host gave to others. */
export interface Timed extends Latencies {
  readonly stolen: number;
}

/** Publishes at a steady rate to everybody; resolves when all who read have got everything. */
export async function timeSteadily(crowd: SampledCrowd, contestant: Contestant, rate: Rate): Promise<Timed> {
  const [stolenBefore, startedAt] = [readStolenSeconds(), performance.now()];
  const latencies = await crowd.time(() => crowd.receive(rate.count, () => publishSteadily(contestant, rate)));
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...latencies, stolen: (readStolenSeconds() - stolenBefore) / seconds };
}

async function publishSteadily(contestant: Contestant, { count, perSecond }: Rate): Promise<void> {
  const started = performance.now();
  const published: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const wait = started + (index * 1000) / perSecond - performance.now();
    if (wait > 0) await sleep(wait);
    published.push(contestant.publish([createFrame()]));
  }
  await Promise.all(published);
}

/** Median and p99 in words. */
export function describeLatencies(latencies: readonly number[]): string {
  return `${quantile(latencies, 0.5).toFixed(1)} ms and p99 ${quantile(latencies, 0.99).toFixed(1)} ms`;
}

/** The same in words. */
export function describeStolen({ stolen }: Pick<Timed, 'stolen'>): string {
  return `the host took ${(stolen * 100).toFixed(0)} % of a processor away`;
}
