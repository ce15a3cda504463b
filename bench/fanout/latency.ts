/** A steady twenty frames a second to a thousand, beside peers that sign and keep nothing. */
import type { Measurement } from '../measurement.ts';
import { quantile } from '../measurement.ts';
import { type Deployment, withDeployment } from '../signpost.ts';
import { type Contestant, createBenchChannel, manyListeners, openNchan, openOurs, openPeer } from './contestants.ts';
import { SampledCrowd } from './sampled-crowd.ts';
import { describeLatencies, describeStolen, type Timed, timeSteadily } from './steady.ts';

const crowd = { count: 1000, sampled: 50 } as const;
const rate = { count: 200, perSecond: 20 } as const;
const warm = { count: 40, perSecond: 20 } as const;

/** From when a frame is published to when it is there: ours by HTTP, signed and durable before it leaves, a peer's from the process beside it. */
export function measureLatency(): Promise<readonly Measurement[]> {
  return withDeployment(async (deployment) => {
    await createBenchChannel(deployment);
    const ours = await time(() => openOurs(deployment, 'sse'));
    const peers = await describePeers(deployment);
    return [
      {
        name: `fan-out, p99 of a steady ${rate.perSecond} broadcasts a second to 1,000 listeners, from the publisher to the listener`,
        measured: quantile(ours.published, 0.99),
        bar: { kind: 'at most', value: 25, unit: ' ms' },
        detail: `${describe(ours)}; from the signature, before the frame is durable, ${describeLatencies(ours.signed)}; ${peers}`,
      },
    ];
  }, manyListeners);
}

async function describePeers({ installation }: Deployment): Promise<string> {
  const texts: string[] = [];
  for (const name of ['better-sse', 'ws']) texts.push(`${name} ${describe(await time(() => openPeer(name)))}`);
  texts.push(`nchan ${describe(await time(() => openNchan(installation.folder, 'sse')))}`);
  return texts.join('; ');
}

async function time(open: () => Promise<Contestant>): Promise<Timed> {
  const contestant = await open();
  try {
    const listeners = await SampledCrowd.gather(contestant, crowd);
    await timeSteadily(listeners, contestant, warm);
    const timed = await timeSteadily(listeners, contestant, rate);
    await listeners.leave();
    return timed;
  } finally {
    await contestant.stop();
  }
}

function describe(timed: Timed): string {
  return `median ${describeLatencies(timed.published)}, while ${describeStolen(timed)}`;
}
