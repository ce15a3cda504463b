/** Signed frames to ten thousand listeners, beside peers that sign and keep nothing: rates, memory, what signing costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcessorSeconds, readResidentKib } from '../test/programs/process-usage.ts';
import {
  type Contestant,
  createBenchChannel,
  createFrame,
  manyListeners,
  openNchan,
  openOurs,
  openPeer,
} from './fanout/contestants.ts';
import { Crowd } from './fanout/crowd.ts';
import { measureSigning } from './fanout/signing.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';
import { type Deployment, withDeployment } from './signpost.ts';

const crowdSize = 10_000;
const singles = 20;
const bursts = 20;
const burstSize = 10;

/**
 * Frames a second of Centrifuge's library in bursts of ten to as many listeners. It is no package of this runtime and not measured here: 0.15 with Go 1.19,
 * once, on two cores as these.
 */
const centrifugeBurst = 237_000;

/** One server's figures. */
interface Figures {
  readonly name: string;
  /** Frames delivered a second, published one at a time and ten at a time. */
  readonly single: number;
  readonly burst: number;
  /** Processor microseconds of the server for one delivery. */
  readonly singleCost: number;
  readonly burstCost: number;
  readonly kibPerListener: number;
}

/** Measures ours by one transport against every peer of the same, each against a server that has seen no listener yet. */
export async function measureFanOut(transport: 'sse' | 'websocket'): Promise<readonly Measurement[]> {
  return withDeployment((deployment) => measureTransport(deployment, transport), manyListeners);
}

async function measureTransport(
  deployment: Deployment,
  transport: 'sse' | 'websocket',
): Promise<readonly Measurement[]> {
  await createBenchChannel(deployment);
  const ours = await measureAlone(() => openOurs(deployment, transport));
  const names = transport === 'sse' ? ['better-sse'] : ['ws', 'socket.io'];
  const peers: Figures[] = [];
  for (const name of names) peers.push(await measureAlone(() => openPeer(name)));
  const nchan = await measureAlone(() => openNchan(deployment.installation.folder, transport));
  return [...judge(transport, ours, { peers, nchan }), judgeSigning(ours, await measureSigning())];
}

/** Each frame is signed once: what that is of a broadcast, in processor time of the server. */
function judgeSigning({ name, singleCost }: Figures, signingCost: number): Measurement {
  const broadcast = singleCost * crowdSize;
  return {
    name: `fan-out, ${name}, signing`,
    measured: (signingCost / broadcast) * 100,
    bar: { kind: 'at most', value: 10, unit: ' % of a broadcast' },
    detail: `${formatAmount(signingCost)} µs of ${formatAmount(broadcast)} µs for ${formatAmount(crowdSize)} listeners; of one to 200 it were ${formatAmount((signingCost / (singleCost * 200)) * 100)} %`,
  };
}

function judge(
  transport: 'sse' | 'websocket',
  ours: Figures,
  { peers, nchan }: { readonly peers: readonly Figures[]; readonly nchan: Figures },
): readonly Measurement[] {
  const all = [...peers, nchan];
  const describe = (rate: (figures: Figures) => number, cost: (figures: Figures) => number) =>
    [ours, ...all].map((one) => `${one.name} ${formatAmount(rate(one))}/s at ${cost(one).toFixed(1)} µs`).join(', ');
  const memory = transport === 'sse' ? 20 : 10;
  return [
    {
      name: `fan-out, ${transport}, single broadcasts`,
      measured: ours.single / Math.max(...all.map(({ single }) => single)),
      bar: { kind: 'at least', value: 1, unit: ' × the best peer' },
      detail: describe(
        ({ single }) => single,
        ({ singleCost }) => singleCost,
      ),
    },
    {
      name: `fan-out, ${transport}, bursts of ten`,
      measured: ours.burst / Math.max(...peers.map(({ burst }) => burst)),
      bar: { kind: 'at least', value: 3, unit: ' × the best peer of the runtime' },
      detail: describe(
        ({ burst }) => burst,
        ({ burstCost }) => burstCost,
      ),
    },
    {
      name: `fan-out, ${transport}, bursts of ten, beside Centrifuge`,
      measured: ours.burst / centrifugeBurst,
      bar: { kind: 'at least', value: 1, unit: " × the figure of Centrifuge's library" },
      detail: `${formatAmount(ours.burst)}/s; ${formatAmount(centrifugeBurst)}/s were measured once on two cores, not in this run`,
    },
    {
      name: `fan-out, ${transport}, memory`,
      measured: ours.kibPerListener,
      bar: { kind: 'at most', value: memory, unit: ' KiB a listener' },
      detail: all.map(({ name, kibPerListener }) => `${name} ${formatAmount(kibPerListener)}`).join(', '),
    },
  ];
}

async function measureAlone(open: () => Promise<Contestant>): Promise<Figures> {
  const contestant = await open();
  try {
    const before = readResidentKib(contestant.pid);
    const crowd = await Crowd.gather(contestant, crowdSize);
    await sleep(2000);
    const kibPerListener = (readResidentKib(contestant.pid) - before) / crowdSize;
    const single = await measureRate(crowd, contestant, { rounds: singles, frames: 1 });
    const burst = await measureRate(crowd, contestant, { rounds: bursts, frames: burstSize });
    await crowd.leave();
    await sleep(1000);
    return {
      ...{ name: contestant.name, single: single.rate, singleCost: single.cost },
      ...{ burst: burst.rate, burstCost: burst.cost, kibPerListener },
    };
  } finally {
    await contestant.stop();
  }
}

async function measureRate(
  crowd: Crowd,
  contestant: Contestant,
  { rounds, frames }: { readonly rounds: number; readonly frames: number },
): Promise<{ readonly rate: number; readonly cost: number }> {
  const publish = () => contestant.publish(Array.from({ length: frames }, createFrame));
  await crowd.receive(frames, publish);
  const before = readProcessorSeconds(contestant.pid);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await crowd.receive(frames, publish));
  const cost = ((readProcessorSeconds(contestant.pid) - before) * 1e6) / (rounds * frames * crowdSize);
  return { rate: (crowdSize * frames * 1000) / quantile(times, 0.5), cost };
}
