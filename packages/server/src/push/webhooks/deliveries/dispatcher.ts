/** Sends what waits: as many at a time as there are receivers that answer, and few to each, so that a slow one holds up nobody. */
import type { BaseLogger } from 'pino';
import { createQueue, startTurns } from '../../../storage/turns.ts';
import type { EndpointRow } from '../endpoints/store.ts';
import { type AttemptParts, attemptDelivery } from './attempt.ts';
import { type OutcomeParts, recordOutcome, type Settled } from './outcome.ts';
import { claimDeliveries, type DeliveryRow, listDueEndpoints, settleAttempt } from './store.ts';

/** What the dispatcher works with. */
export interface DispatcherParts extends AttemptParts, OutcomeParts {
  readonly log: Pick<BaseLogger, 'warn'>;
  /** Called with each attempt that ended. */
  readonly settled: (how: Settled) => void;
}

/** Sends deliveries. */
export interface Dispatcher {
  /** Looks at once; call it after deliveries were recorded. */
  wake(): void;
  /** Resolves when nothing is due and nothing is under way. */
  drain(): Promise<void>;
  /** Ends what is under way, which counts as not attempted, and takes up nothing more. */
  stop(): Promise<void>;
}

const pollMs = 1000;
/** Longer than an attempt can take. */
const leaseMs = 60_000;
/** Attempts under way at a time: in all, for one organisation, at one host. */
const limits = { all: 128, organisation: 32, host: 4 } as const;

/** Starts sending. While the vault is locked everything waits. An attempt whose process died is made again when its lease is over. */
export function startDispatcher(parts: DispatcherParts): Dispatcher {
  const stopping = new AbortController();
  const running = new Map<Promise<void>, EndpointRow>();
  const enqueue = createQueue();
  const start = (endpoint: EndpointRow, delivery: DeliveryRow) => {
    const run = runAttempt(parts, { endpoint, delivery }, stopping.signal).finally(() => {
      running.delete(run);
      turns.wake();
    });
    running.set(run, endpoint);
  };
  const fill = () =>
    enqueue(async () => {
      if (parts.vault.state !== 'unlocked') return;
      for (const endpoint of await listDueEndpoints(parts.database.query, parts.now())) {
        const limit = countFree([...running.values()], endpoint);
        if (limit === 0 || stopping.signal.aborted) continue;
        for (const delivery of await claim(parts, endpoint.id, limit)) start(endpoint, delivery);
      }
    });
  const turns = startTurns(async () => {
    await fill().catch((err: unknown) => parts.log.warn({ err }, 'webhooks wait: the database did not answer'));
    return pollMs;
  });
  return {
    wake: () => turns.wake(),
    drain: async () => {
      for (;;) {
        await fill();
        if (running.size === 0) return;
        await Promise.race(running.keys());
      }
    },
    stop: async () => {
      stopping.abort(new Error('the server stops'));
      await turns.stop();
      await Promise.all(running.keys());
    },
  };
}

/** How many more attempts may begin at an endpoint. */
function countFree(running: readonly EndpointRow[], { host, organisation_id: organisation }: EndpointRow): number {
  const atHost = running.filter((one) => one.host === host).length;
  const ofOrganisation = running.filter((one) => one.organisation_id === organisation).length;
  const free = [limits.all - running.length, limits.organisation - ofOrganisation, limits.host - atHost];
  return Math.max(0, Math.min(...free));
}

async function claim({ database, now }: DispatcherParts, endpointId: string, limit: number): Promise<DeliveryRow[]> {
  const at = now();
  return claimDeliveries(database.query, { endpointId, limit, now: at, leaseUntil: at + leaseMs });
}

async function runAttempt(
  parts: DispatcherParts,
  { endpoint, delivery }: { readonly endpoint: EndpointRow; readonly delivery: DeliveryRow },
  stopping: AbortSignal,
): Promise<void> {
  try {
    const outcome = await attemptDelivery(parts, { endpoint, delivery }, stopping).catch((err: unknown) => {
      if (!stopping.aborted) parts.log.warn({ err, webhook: endpoint.id }, 'a delivery was put off');
      return undefined;
    });
    if (outcome) parts.settled(await recordOutcome(parts, delivery, outcome));
    // Nothing was attempted, or the server stops.
    else await settleAttempt(parts.database.query, delivery, { attempts: delivery.attempts - 1 });
  } catch (err) {
    parts.log.warn({ err, webhook: endpoint.id, delivery: delivery.id }, 'the end of a delivery could not be recorded');
  }
}
