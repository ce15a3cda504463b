/** The push plane as it is open: keys, sequencer and hub, and how they hang together. */
import type { BaseLogger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import { DirectResponders } from '../http/direct-responders.ts';
import type { DirectStream } from '../http/direct-streams.ts';
import type { Bus } from '../storage/bus.ts';
import { afterCommit } from '../storage/database/transactions.ts';
import type { Database } from '../storage/database.ts';
import type { Vault } from '../vault/vault.ts';
import { Admission } from './hub/admission.ts';
import { Hub, type HubSettings, hubTimes } from './hub/hub.ts';
import { watchAccess } from './hub/watch-access.ts';
import { ChannelKeys, type ChannelKeyTimes, channelKeyTimes } from './keys/channel-keys.ts';
import { SessionKeys } from './keys/session-keys.ts';
import { pruneLogs } from './log/retention.ts';
import { type Batch, Sequencer, type SequencerParts } from './log/sequencer.ts';
import { PushMetrics, type Transport } from './metrics.ts';
import { Refusals } from './refusals.ts';
import { SampledAudit } from './sampled-audit.ts';
import { publishTelemetry } from './telemetry.ts';
import { recordPublished } from './webhooks/deliveries/record.ts';

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
  /** Lets those look at once who send messages to webhooks. */
  readonly wakeWorker: () => void;
  /** Others than those of a server in service, for tests. */
  readonly times?: Partial<HubSettings & ChannelKeyTimes>;
}

/** The open plane. */
export interface Push {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly keys: ChannelKeys;
  readonly sessionKeys: SessionKeys;
  readonly sequencer: Sequencer;
  readonly sampledAudit: SampledAudit;
  readonly refusals: Refusals;
  readonly metrics: PushMetrics;
  /** Event streams that the socket opens by itself. */
  readonly streams: DirectResponders<DirectStream>;
  /** Takes the events of `bus` from here on, and sends what waits. */
  start(bus: Bus): void;
  /** Whether nothing has waited to be told for ten seconds. */
  isWell(): boolean;
  /** Puts the figures of the plane into a registry. */
  register(registry: Registry): void;
  /** Forgets what is kept no longer. */
  prune(): Promise<void>;
  /** Lets all listeners go, so that they move on to whatever answers next; nobody is let in any more. */
  drain(overMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Frames at once, before the pace counts. */
const burstFrames = 10;

const minuteMs = 60_000;

/** What waits for longer to be told is late. */
const lateMs = 10_000;

/** Connections of one session or key, and new ones a second. */
const perPrincipal = 20;
const newPerSecond = 10_000;

/** Opens the plane; it sends what is in the log and what is put into it from here on. */
export function openPush(parts: PushParts): Push {
  const { database, now, log, config, times = {} } = parts;
  const metrics = new PushMetrics();
  const sampledAudit = new SampledAudit(parts);
  const refusals = new Refusals(metrics, sampledAudit);
  const keys = new ChannelKeys({
    ...parts,
    times: { ...channelKeyTimes, ...times },
    published: (organisationId, certificates) => hub.announceKeys(organisationId, certificates),
  });
  const findSigner = (organisationId: string) => keys.findSigner(organisationId);
  const pace = { capacity: burstFrames, perSecond: config.pushFramesPerSecond };
  const hub = new Hub({
    ...{ database, now, log, metrics, refusals, findSigner },
    settings: { pace, ...hubTimes, ...times },
    keys,
  });
  const admission = new Admission(
    { total: config.pushConnections, perAddress: config.pushConnectionsPerAddress, perPrincipal, newPerSecond },
    (limit) => refusals.countLimited(limit, null),
  );
  const deliver = (batch: Batch) => {
    for (const frame of batch.frames) metrics.countFrame(frame.type, (now() - frame.since) / 1000);
    hub.deliver(batch);
  };
  const published: SequencerParts['published'] = async (tx, publication) => {
    if ((await recordPublished(tx, publication)) > 0) afterCommit(tx, parts.wakeWorker);
  };
  const sequencer = new Sequencer({ database, now, log, findSigner, published, deliver });
  // By themselves: they are written at once, which would tell what is gathered too early.
  const keyEnds = new SampledAudit(parts);
  const sessionKeys = new SessionKeys({ database, now, refusals, ends: keyEnds });
  let stopWatching = async () => {};
  let everyMinute: NodeJS.Timeout | undefined;
  const streams = new DirectResponders<DirectStream>();
  const push = { hub, admission, keys, sessionKeys, sequencer, sampledAudit, refusals, metrics, streams };
  return {
    ...push,
    start: (bus) => {
      subscribe(push, bus);
      sequencer.start();
      stopWatching = watchAccess({
        ...{ database, hub, now, log },
        listOthers: () => sessionKeys.holders(),
        ended: (holder) => void sessionKeys.revoke(holder),
      });
      everyMinute = setInterval(() => void tendEveryMinute({ ...push, now, log }), minuteMs).unref();
    },
    isWell: () => measureLagMs(sequencer, now) < lateMs,
    register: (registry) => metrics.register(registry, createGauges(push, now)),
    prune: () => pruneLogs({ ...parts, placed: (organisationId, channel) => hub.place(organisationId, channel) }),
    drain: (overMs) => hub.close(overMs),
    close: async () => {
      await hub.close(0);
      clearInterval(everyMinute);
      await stopWatching();
      await sequencer.stop();
      await sampledAudit.flush();
      await keyEnds.flush();
    },
  };
}

function createGauges({ hub, admission, sequencer }: Pick<Push, 'hub' | 'admission' | 'sequencer'>, now: () => number) {
  const lags = () => [...sequencer.lags.values()];
  return {
    countListeners: (transport: Transport) => admission.counts[transport],
    countCatchingUp: () => [...hub.listenersOf()].filter(({ state }) => state !== 'live').length,
    measureBuffers: () => [...hub.listenersOf()].reduce((sum, { wire }) => sum + wire.waitingBytes, 0),
    countWaitingEvents: () => lags().reduce((sum, { events }) => sum + events, 0),
    measureLagSeconds: () => measureLagMs(sequencer, now) / 1000,
  };
}

/** How long the oldest event has waited. */
function measureLagMs({ lags }: Pick<Sequencer, 'lags'>, now: () => number): number {
  return Math.max(0, ...[...lags.values()].map(({ since }) => now() - since));
}

async function tendEveryMinute(
  parts: Parameters<typeof publishTelemetry>[0] & Pick<Push, 'sessionKeys'> & Pick<PushParts, 'log'>,
): Promise<void> {
  try {
    await parts.sessionKeys.prune();
    await publishTelemetry(parts);
  } catch (err) {
    parts.log.warn({ err }, 'what happens every minute failed');
  }
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
