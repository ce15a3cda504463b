/** Follows every cluster that is registered, each by one server at a time. */
import { startTurns } from '../../storage/turns.ts';
import { jitter, pauseAfter } from '../observing/interval.ts';
import { type Followed, type FollowParts, followCluster } from './follow.ts';
import { type ClusterLease, type ClusterRow, listDueClusters, takeCluster, updateLeased } from './store.ts';

/** What clusters are followed with. */
export interface FollowingParts extends FollowParts {
  /** From 0 to 1. */
  readonly random: () => number;
  /** How long a cluster is held without a sign of life (2 min). */
  readonly leaseMs?: number;
}

/** Clusters that are followed. */
export interface Following {
  /** Begins to follow what is due, again and again. */
  start(): void;
  /** Looks for what is due at once. */
  wake(): void;
  /** Resolves when nothing is due and nothing runs. */
  drain(): Promise<void>;
  /** Takes no more, breaks off those that run and resolves when they have ended; they are due again. */
  stop(): Promise<void>;
}

const pollMs = 5000;
/** Each holds a connection and the names of its pods. */
const maxAtOnce = 50;
const usualLeaseMs = 120_000;
/** A cluster that is not watched, or whose watch broke off, is listed again after this. */
const listAgainMs = 60_000;
const longestPauseMs = 15 * 60_000;

/** What follows, once it is started or asked to. */
export function createFollowing(parts: FollowingParts): Following {
  return new Follower(parts);
}

class Follower implements Following {
  readonly #parts: FollowingParts;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #turns: ReturnType<typeof startTurns> | undefined;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#turns ??= startTurns(() => this.#turn());
  }

  wake(): void {
    this.#turns?.wake();
  }

  async drain(): Promise<void> {
    while ((await this.#take()) > 0 || this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the watch stops'));
    await this.#turns?.stop();
    await Promise.all(this.#running.values());
  }

  async #turn(): Promise<number> {
    try {
      await this.#take();
    } catch (err) {
      this.#parts.log.warn({ err }, 'clusters wait: the database did not answer');
    }
    return pollMs;
  }

  async #take(): Promise<number> {
    const { database, now, leaseMs = usualLeaseMs } = this.#parts;
    const limit = maxAtOnce - this.#running.size;
    if (limit <= 0 || this.#stopping.signal.aborted) return 0;
    let taken = 0;
    for (const row of await listDueClusters(database.query, { now: now(), limit })) {
      const lease = await takeCluster(database.query, row, { now: now(), until: now() + leaseMs });
      if (!lease) continue;
      taken += 1;
      this.#running.set(
        row.id,
        this.#follow(row, lease).finally(() => this.#running.delete(row.id)),
      );
    }
    return taken;
  }

  async #follow(row: ClusterRow, lease: ClusterLease): Promise<void> {
    const lost = new AbortController();
    const renewal = setInterval(() => void this.#hold(lease, lost), (this.#parts.leaseMs ?? usualLeaseMs) / 3);
    let pauseMs = listAgainMs;
    try {
      const signal = AbortSignal.any([this.#stopping.signal, lost.signal]);
      pauseMs = this.#pauseAfter(await followCluster(this.#parts, row, signal));
    } catch (err) {
      if (this.#stopping.signal.aborted) pauseMs = 0;
      else this.#parts.log.error({ err, cluster: row.id }, 'a cluster could not be followed');
    } finally {
      clearInterval(renewal);
    }
    await this.#giveBack(lease, pauseMs);
  }

  #pauseAfter(followed: Followed): number {
    const { random, roundMs } = this.#parts;
    if (followed.kind === 'unanswered') {
      return jitter(Math.min(pauseAfter(followed.failures, undefined), longestPauseMs), random);
    }
    return followed.kind === 'followed' && roundMs > 0 ? 0 : jitter(listAgainMs, random);
  }

  /** False in the database when somebody else holds it, or a person removed it: then it is left. */
  async #hold(lease: ClusterLease, lost: AbortController): Promise<void> {
    const { database, now, log, leaseMs = usualLeaseMs } = this.#parts;
    try {
      const isHeld = await updateLeased(database.query, lease, { lease_until: now() + leaseMs });
      if (!isHeld) lost.abort(new Error('the cluster is not held any more'));
    } catch (err) {
      log.warn({ err, cluster: lease.clusterId }, 'a cluster could not be held');
    }
  }

  async #giveBack(lease: ClusterLease, pauseMs: number): Promise<void> {
    const { database, now, log } = this.#parts;
    await updateLeased(database.query, lease, { lease_until: null, due_at: now() + pauseMs }).catch((err: unknown) =>
      log.warn({ err, cluster: lease.clusterId }, 'a cluster could not be given back'),
    );
  }
}
