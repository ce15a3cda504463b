/** The push plane as it is open: keys, sequencer and hub, and how they hang together. */
import type { BaseLogger } from 'pino';
import type { Config } from '../config.ts';
import type { Bus } from '../storage/bus.ts';
import type { Database } from '../storage/database.ts';
import type { Vault } from '../vault/vault.ts';
import { Admission } from './hub/admission.ts';
import { Hub, type HubSettings, hubTimes } from './hub/hub.ts';
import { watchAccess } from './hub/watch-access.ts';
import { ChannelKeys, type ChannelKeyTimes, channelKeyTimes } from './keys/channel-keys.ts';
import { pruneLogs } from './log/retention.ts';
import { type Batch, Sequencer } from './log/sequencer.ts';
import { PushMetrics } from './metrics.ts';

/** What the plane is opened with. */
export interface PushParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly config: Pick<
    Config,
    'pushConnections' | 'pushConnectionsPerAddress' | 'pushFramesPerSecond' | 'pushKeepFrames' | 'pushKeepDays'
  >;
  readonly now: () => number;
  readonly log: BaseLogger;
  /** Others than those of a server in service, for tests. */
  readonly times?: Partial<HubSettings & ChannelKeyTimes>;
}

/** The open plane. */
export interface Push {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly keys: ChannelKeys;
  readonly sequencer: Sequencer;
  readonly metrics: PushMetrics;
  /** Takes the events of `bus` from here on, and sends what waits. */
  start(bus: Bus): void;
  /** Forgets what is kept no longer. */
  prune(): Promise<void>;
  /** Lets all listeners go, so that they move on to whatever answers next; nobody is let in any more. */
  drain(overMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Frames at once, before the pace counts. */
const burstFrames = 10;

/** Connections of one session or key, and new ones a second. */
const perPrincipal = 20;
const newPerSecond = 5000;

/** Opens the plane; it sends what is in the log and what is put into it from here on. */
export function openPush(parts: PushParts): Push {
  const { database, now, log, config, times = {} } = parts;
  const metrics = new PushMetrics();
  const keys = new ChannelKeys({
    ...parts,
    times: { ...channelKeyTimes, ...times },
    published: (organisationId, certificates) => hub.announceKeys(organisationId, certificates),
  });
  const findSigner = (organisationId: string) => keys.findSigner(organisationId);
  const pace = { capacity: burstFrames, perSecond: config.pushFramesPerSecond };
  const hub = new Hub({
    ...{ database, now, log, metrics, findSigner },
    settings: { pace, ...hubTimes, ...times },
    listCertificates: (organisationId) => keys.listCertificates(organisationId),
  });
  const admission = new Admission(
    { total: config.pushConnections, perAddress: config.pushConnectionsPerAddress, perPrincipal, newPerSecond },
    (limit) => metrics.countLimited(limit),
  );
  const deliver = (batch: Batch) => {
    for (const frame of batch.frames) metrics.countFrame(frame.type, (now() - frame.since) / 1000);
    hub.deliver(batch);
  };
  const sequencer = new Sequencer({ database, now, log, findSigner, deliver });
  let stopWatching = async () => {};
  const push = { hub, admission, keys, sequencer, metrics };
  return {
    ...push,
    start: (bus) => {
      subscribe(push, bus);
      sequencer.start();
      stopWatching = watchAccess({ database, hub, now, log, listOthers: () => [], ended: () => undefined });
    },
    prune: () => pruneLogs({ ...parts, placed: (organisationId, channel) => hub.place(organisationId, channel) }),
    drain: (overMs) => hub.close(overMs),
    close: async () => {
      await hub.close(0);
      await stopWatching();
      await sequencer.stop();
    },
  };
}

function subscribe({ keys, sequencer }: Pick<Push, 'keys' | 'sequencer'>, bus: Bus): void {
  // Before the sequencer takes the same event, so that it is signed under the list that it tells of.
  bus.subscribe('trust.updated', ({ organisationId }) => {
    if (organisationId !== null) keys.forget(organisationId);
  });
  bus.subscribe('vault.unlocked', () => {
    keys.retry();
    sequencer.wake();
  });
  bus.subscribe('*', (event) => sequencer.take(event));
}
