/** Signed frames to ten thousand listeners, beside peers that sign and keep nothing: rates, latency, memory, slow readers. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Contestant,
  createBenchChannel,
  createFrame,
  openNchan,
  openOurs,
  openPeer,
  readCursor,
  requestSince,
} from './fanout/contestants.ts';
import { Crowd } from './fanout/crowd.ts';
import { readProcessorSeconds, readResidentKib } from './fanout/process-usage.ts';
import { measureSigning } from './fanout/signing.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';
import { type Deployment, withDeployment } from './signpost.ts';

const crowdSize = 10_000;
const singles = 20;
const bursts = 20;
const burstSize = 10;

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

/** Measures ours by both transports against every peer of the same, each against a server that has seen no listener yet. */
export async function measureFanOut(): Promise<readonly Measurement[]> {
  return [
    ...(await withDeployment((deployment) => measureTransport(deployment, 'sse'), settings)),
    ...(await withDeployment((deployment) => measureTransport(deployment, 'websocket'), settings)),
    ...(await withDeployment(measureStrain, settings)),
  ];
}

/** All listeners come from one address. */
const settings = {
  SIGNPOST_PUSH_CONNECTIONS: '0',
  SIGNPOST_PUSH_CONNECTIONS_PER_ADDRESS: '0',
};

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

async function measureStrain(deployment: Deployment): Promise<readonly Measurement[]> {
  await createBenchChannel(deployment);
  const [latency, storm] = [await measureLatency(deployment), await measureStorm(deployment)];
  return [latency, storm, ...(await measureSlowReaders(deployment))];
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

const latencyCrowd = 1000;
const latencyFrames = 200;
const perSecond = 20;

/** A steady twenty a second to a thousand. */
async function measureLatency(deployment: Deployment): Promise<Measurement> {
  const ours = await openOurs(deployment, 'sse');
  const crowd = await Crowd.gather(ours, latencyCrowd);
  const { published } = await crowd.time(() =>
    crowd.receive(latencyFrames, () => publishSteadily(ours, { count: latencyFrames, perSecond })),
  );
  await crowd.leave();
  await ours.stop();
  return {
    name: 'fan-out, p99 of a steady 20 broadcasts a second to 1,000 listeners, from the publisher to the listener',
    measured: quantile(published, 0.99),
    bar: { kind: 'at most', value: 25, unit: ' ms' },
    detail: `median ${formatAmount(quantile(published, 0.5))} ms, ${published.length} deliveries, each durable and signed before it left`,
  };
}

async function publishSteadily(
  contestant: Contestant,
  { count, perSecond: rate }: { readonly count: number; readonly perSecond: number },
): Promise<void> {
  const started = performance.now();
  const published: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const wait = started + (index * 1000) / rate - performance.now();
    if (wait > 0) await sleep(wait);
    published.push(contestant.publish([createFrame()]));
  }
  await Promise.all(published);
}

const missedFrames = 100;

/** Everybody comes back at once, each with a hundred frames to catch up. */
async function measureStorm(deployment: Deployment): Promise<Measurement> {
  const ours = await openOurs(deployment, 'sse');
  const cursor = await readCursor(deployment);
  await ours.publish(Array.from({ length: missedFrames }, createFrame));
  const listening = { ...ours, request: requestSince(cursor) };
  const { ms, ...costs } = await Crowd.storm(listening, { count: crowdSize, frames: missedFrames });
  await ours.stop();
  const [server, listeners] = [formatAmount(costs.serverCost), formatAmount(costs.listenerCost)];
  return {
    name: 'fan-out, reconnect storm',
    measured: ms / 1000,
    bar: { kind: 'at most', value: 2, unit: ' s' },
    detail: `${formatAmount(crowdSize)} clients at once, each ${missedFrames} frames behind; all caught up; ${server} µs of processor time of the server for each, ${listeners} µs of the listeners'`,
  };
}

const slowCrowd = 200;
const slowReaders = 50;
const slowFrames = 12_000;
const slowRate = 200;
const warmFrames = 1500;

/** A quarter of the listeners stop to read. */
async function measureSlowReaders(deployment: Deployment): Promise<readonly Measurement[]> {
  const ours = await openOurs(deployment, 'sse');
  const crowd = await Crowd.gather(ours, slowCrowd);
  // The same load with everybody reading: what grows after it is what slow readers cost.
  await crowd.receive(warmFrames, () => publishSteadily(ours, { count: warmFrames, perSecond: slowRate }));
  const before = readResidentKib(ours.pid);
  await crowd.pause(slowReaders);
  let peak = before;
  const watching = setInterval(() => {
    peak = Math.max(peak, readResidentKib(ours.pid));
  }, 200);
  const { published, signed } = await crowd.time(() =>
    crowd.receive(slowFrames, () => publishSteadily(ours, { count: slowFrames, perSecond: slowRate })),
  );
  clearInterval(watching);
  const { closed } = await crowd.count();
  await crowd.leave();
  await ours.stop();
  const detail = `${slowReaders} of ${slowCrowd} listeners stopped reading for ${slowFrames} frames at ${slowRate}/s; ${closed} were closed, the others got all`;
  return [
    {
      name: 'fan-out, slow readers, p99 of the others, from the signature, before the frame is durable, to the listener',
      measured: quantile(signed, 0.99),
      bar: { kind: 'at most', value: 5, unit: ' ms' },
      detail: `median ${formatAmount(quantile(signed, 0.5))} ms; from the publisher, by HTTP, ${formatAmount(quantile(published, 0.5))} ms and p99 ${formatAmount(quantile(published, 0.99))} ms; ${detail}`,
    },
    {
      name: 'fan-out, slow readers, memory',
      measured: (peak - before) / 1024,
      bar: { kind: 'at most', value: 30, unit: ' MiB more' },
      detail,
    },
  ];
}
