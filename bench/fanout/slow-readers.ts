/** A quarter of the listeners stop to read, beside the same load with everybody reading, and beside peers. */

import { readResidentKib } from '../../test/programs/process-usage.ts';
import { formatAmount, type Measurement, quantile } from '../measurement.ts';
import { type Deployment, withDeployment } from '../signpost.ts';
import { type Contestant, createBenchChannel, manyListeners, openOurs, openPeer } from './contestants.ts';
import { timeFlushes } from './disk-alone.ts';
import { SampledCrowd } from './sampled-crowd.ts';
import { describeLatencies, describeStolen, type Rate, type Timed, timeSteadily } from './steady.ts';

const crowd = { count: 200, sampled: 15 } as const;
const slowReaders = 50;
const perSecond = 200;
const warm = { count: 1500, perSecond } as const;
const full = { count: 12_000, perSecond } as const;
// Peers keep what is not read: a part of it shows how much.
const short = { count: 1500, perSecond } as const;

/** What the others wait, and what the server keeps for those who do not read. */
export function measureSlowReaders(): Promise<readonly Measurement[]> {
  return withDeployment(async (deployment) => {
    await createBenchChannel(deployment);
    const ours = await strain(await openOurs(deployment, 'sse'), full);
    const ended = await countEnded(deployment);
    const peers: string[] = [];
    for (const name of ['better-sse', 'ws']) {
      const { slow, growthMib } = await strain(await openPeer(name), short);
      peers.push(`${name} ${describe(slow)}, ${formatAmount(growthMib)} MiB more after ${short.count} frames`);
    }
    const flushes = describeLatencies(await timeFlushes(short));
    return judge(ours, ended, `the disk alone, at the same rate, median ${flushes}; ${peers.join('; ')}`);
  }, manyListeners);
}

interface Strain {
  /** With everybody reading, and with some who do not. */
  readonly equal: Timed;
  readonly slow: Timed;
  readonly growthMib: number;
}

/** The same load twice: what the process needs for it, and a runtime keeps, is there before anybody stops reading. */
async function strain(contestant: Contestant, rate: Rate): Promise<Strain> {
  try {
    const listeners = await SampledCrowd.gather(contestant, crowd);
    await timeSteadily(listeners, contestant, warm);
    const equal = await watchPeak(contestant, () => timeSteadily(listeners, contestant, rate));
    await listeners.pause(slowReaders);
    const slow = await watchPeak(contestant, () => timeSteadily(listeners, contestant, rate));
    await listeners.leave();
    return { equal: equal.timed, slow: slow.timed, growthMib: (slow.peakKib - equal.peakKib) / 1024 };
  } finally {
    await contestant.stop();
  }
}

async function watchPeak({ pid }: Contestant, work: () => Promise<Timed>): Promise<{ timed: Timed; peakKib: number }> {
  let peakKib = readResidentKib(pid);
  const watching = setInterval(() => {
    peakKib = Math.max(peakKib, readResidentKib(pid));
  }, 200);
  try {
    return { timed: await work(), peakKib };
  } finally {
    clearInterval(watching);
  }
}

/** Who does not read does not see that it was let go: the server says so. */
async function countEnded({ server, operator }: Deployment): Promise<number> {
  const figures = await (await fetch(`${server.base}/metrics`, { headers: operator.headers })).text();
  return Number(/^signpost_push_ended_total\{reason="slow"\} (\d+)$/m.exec(figures)?.[1] ?? 0);
}

function judge({ equal, slow, growthMib }: Strain, ended: number, others: string): readonly Measurement[] {
  const scene = `${slowReaders} of ${crowd.count} listeners stopped reading for ${full.count} frames at ${perSecond}/s; ${ended} were let go as too slow, the others got all`;
  return [
    {
      name: 'fan-out, slow readers, p99 of the others, from the signature, before the frame is durable, to the listener',
      measured: quantile(slow.signed, 0.99),
      bar: { kind: 'at most', value: 5, unit: ' ms' },
      detail: `median ${describeLatencies(slow.signed)}, before with everybody reading ${describeLatencies(equal.signed)}; from the publisher, by HTTP, ${describe(slow)}; ${scene}; ${others}`,
    },
    {
      name: 'fan-out, slow readers, memory',
      measured: growthMib,
      bar: { kind: 'at most', value: 30, unit: ' MiB more than at the same load with everybody reading' },
      detail: scene,
    },
  ];
}

function describe(timed: Timed): string {
  return `median ${describeLatencies(timed.published)}, while ${describeStolen(timed)}`;
}
