/** Everybody comes back at once, each with a hundred frames to catch up, beside the one peer that keeps frames. */

import { readStolenSeconds } from '../../test/programs/process-usage.ts';
import { formatAmount, type Measurement } from '../measurement.ts';
import { type Deployment, withDeployment } from '../signpost.ts';
import {
  type Contestant,
  createBenchChannel,
  createFrame,
  manyListeners,
  nchanFromOldest,
  openNchan,
  openOurs,
  readCursor,
  requestSince,
} from './contestants.ts';
import { Crowd, type Storm } from './crowd.ts';
import { describeStolen } from './steady.ts';

const crowdSize = 10_000;
const missedFrames = 100;

/** How long it takes until the last one has everything. */
export function measureStorm(): Promise<readonly Measurement[]> {
  return withDeployment(async (deployment) => {
    await createBenchChannel(deployment);
    const ours = await stormOurs(deployment);
    const nchan = await stormNchan(deployment);
    return [
      {
        name: 'fan-out, reconnect storm',
        measured: ours.ms / 1000,
        bar: { kind: 'at most', value: 2, unit: ' s' },
        detail: `${formatAmount(crowdSize)} clients at once, each ${missedFrames} frames behind; all caught up; ${describe(ours)}; nchan, unsigned and from memory, ${(nchan.ms / 1000).toFixed(2)} s, ${describe(nchan)}`,
      },
    ];
  }, manyListeners);
}

type StolenStorm = Storm & { readonly stolen: number };

async function stormOurs(deployment: Deployment): Promise<StolenStorm> {
  const ours = await openOurs(deployment, 'sse');
  const cursor = await readCursor(deployment);
  return storm({ ...ours, request: requestSince(cursor) });
}

async function stormNchan({ installation }: Deployment): Promise<StolenStorm> {
  return storm({ ...(await openNchan(installation.folder, 'sse')), request: nchanFromOldest });
}

async function storm(contestant: Contestant): Promise<StolenStorm> {
  try {
    await contestant.publish(Array.from({ length: missedFrames }, createFrame));
    const stolenBefore = readStolenSeconds();
    const came = await Crowd.storm(contestant, { count: crowdSize, frames: missedFrames });
    return { ...came, stolen: ((readStolenSeconds() - stolenBefore) * 1000) / came.ms };
  } finally {
    await contestant.stop();
  }
}

function describe(came: StolenStorm): string {
  const [server, listener] = [formatAmount(came.serverCost), formatAmount(came.listenerCost)];
  return `${server} µs of processor time of the server for each, ${listener} µs of the listeners', while ${describeStolen(came)}`;
}
