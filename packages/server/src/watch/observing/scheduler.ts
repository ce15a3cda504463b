/** Looks at what is due, the longest due first: so many at once, so many at one host, each by one server. */
import type { BaseLogger } from 'pino';
import { startTurns } from '../../storage/turns.ts';
import { hostOf } from '../sources/source-host.ts';
import { type Looked, type LookParts, lookAt } from './look.ts';
import { type DueSource, type Lease, listDue, measureLag, renewLease, takeLease, updateHeld } from './store.ts';

/** What looks are scheduled with. */
export interface ObservingParts extends LookParts {
  readonly log: Pick<BaseLogger, 'error' | 'warn'>;
  /** Looks at once (16). */
  readonly concurrency?: number;
  /** How long a source is held without a sign of life (2 min). */
  readonly leaseMs?: number;
}

/** How looks ended since the start. */
type LookOutcome = 'changed' | 'unchanged' | 'unanswered' | 'failed';

/** What is known of the work, in memory. */
interface ObservingFigures {
  readonly looks: Readonly<Record<LookOutcome, number>>;
  readonly running: number;
  readonly waiting: number;
  /** For how long the one that waits longest has been due, in ms. */
  readonly lagMs: number;
}

/** `late`: something has waited for long; `stalled`: nothing that is seen can be written down. */
type ObservingState = 'ok' | 'late' | 'stalled';

/** Looks that go on. */
export interface Observing {
  /** Begins to look for what is due, again and again. */
  start(): void;
  /** Looks for what is due at once. */
  wake(): void;
  /** Resolves when nothing is due and nothing runs. */
  drain(): Promise<void>;
  /** Takes no more, breaks off those that run and resolves when they have ended; what they had not recorded is due again. */
  stop(): Promise<void>;
  figures(): ObservingFigures;
  /** Whether sources are looked at in their time, and what is seen can be written down. */
  state(): ObservingState;
}

const pollMs = 2000;
/** A fault that is more than a moment: of the database, which takes nothing. */
const stalledMs = 60_000;
/** A lag that is more than a moment. */
const wellLagMs = 15 * 60_000;
const usualConcurrency = 16;
/** Looks at one host at once. */
const perHost = 4;
const usualLeaseMs = 120_000;

/** What looks, once it is started or asked to. */
export function createObserving(parts: ObservingParts): Observing {
  return new Scheduler(parts);
}

class Scheduler implements Observing {
  readonly #parts: ObservingParts;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, { readonly host: string; readonly ended: Promise<void> }>();
  /** Hosts that asked for silence, until when (Unix ms). */
  readonly #silent = new Map<string, number>();
  readonly #looks: Record<LookOutcome, number> = { changed: 0, unchanged: 0, unanswered: 0, failed: 0 };
  #turns: ReturnType<typeof startTurns> | undefined;
  #filling: Promise<unknown> | undefined;
  #lag = { waiting: 0, lagMs: 0 };
  /** Since when nothing could be written, Unix ms. */
  #failingSince: number | undefined;

  constructor(parts: ObservingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#turns ??= startTurns(() => this.#turn());
  }

  wake(): void {
    this.#turns?.wake();
  }

  async drain(): Promise<void> {
    for (;;) {
      const before = this.#running.size;
      const taken = await this.#fill();
      const running = [...this.#running.values()].map(({ ended }) => ended);
      // What ended meanwhile may be due again, or have kept others waiting.
      if (before + taken + running.length === 0) return;
      if (running.length > 0) await Promise.race(running);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the watch stops'));
    await this.#turns?.stop();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  figures(): ObservingFigures {
    return { looks: { ...this.#looks }, running: this.#running.size, ...this.#lag };
  }

  state(): ObservingState {
    const failing = this.#failingSince;
    if (failing !== undefined && this.#parts.now() - failing >= stalledMs) return 'stalled';
    return this.#lag.lagMs < wellLagMs ? 'ok' : 'late';
  }

  async #turn(): Promise<number> {
    try {
      await this.#fill();
    } catch (err) {
      this.#parts.log.warn({ err }, 'the watch waits: the database did not answer');
    }
    return pollMs;
  }

  /** One after the other: two at once would take the same sources. Returns how many were taken. */
  async #fill(): Promise<number> {
    const before = this.#filling ?? Promise.resolve();
    const next = before.then(() => this.#take());
    this.#filling = next.catch(() => {
      this.#failingSince ??= this.#parts.now();
    });
    return next;
  }

  async #take(): Promise<number> {
    const { database, now } = this.#parts;
    const limit = this.#parts.concurrency ?? usualConcurrency;
    let all = 0;
    while (this.#running.size < limit && !this.#stopping.signal.aborted) {
      const free = limit - this.#running.size;
      const due = await listDue(database.query, { now: now(), awayHosts: this.#listAway(), limit: free });
      let taken = 0;
      for (const row of due) if (await this.#start(row)) taken += 1;
      if (taken === 0) break;
      all += taken;
    }
    const { oldest, waiting } = await measureLag(database.query, now());
    this.#lag = { waiting, lagMs: oldest === null ? 0 : Math.max(0, now() - oldest) };
    return all;
  }

  #listAway(): string[] {
    const now = this.#parts.now();
    for (const [host, until] of this.#silent) if (until <= now) this.#silent.delete(host);
    const hosts = [...this.#running.values()].map(({ host }) => host);
    const busy = hosts.filter((host) => hosts.filter((other) => other === host).length >= perHost);
    return [...new Set([...busy, ...this.#silent.keys()])];
  }

  async #start(due: DueSource): Promise<boolean> {
    const host = hostOf(due.key);
    if (this.#running.has(due.id) || this.#stopping.signal.aborted || this.#listAway().includes(host)) return false;
    const [now, leaseMs] = [this.#parts.now(), this.#parts.leaseMs ?? usualLeaseMs];
    const lease = await takeLease(this.#parts.database.query, due, { now, until: now + leaseMs, host });
    if (!lease) return false;
    const ended = this.#look(due, lease).finally(() => {
      this.#running.delete(due.id);
      this.#turns?.wake();
    });
    this.#running.set(due.id, { host, ended });
    return true;
  }

  async #look(due: DueSource, lease: Lease): Promise<void> {
    const lost = new AbortController();
    const renewal = setInterval(() => void this.#hold(lease, lost), (this.#parts.leaseMs ?? usualLeaseMs) / 3);
    try {
      const signal = AbortSignal.any([this.#stopping.signal, lost.signal]);
      this.#count(due, await lookAt(this.#parts, due, { lease, signal }));
    } catch (err) {
      await this.#giveBack(due, lease, err);
    } finally {
      clearInterval(renewal);
    }
  }

  async #hold(lease: Lease, lost: AbortController): Promise<void> {
    const { database, now, log, leaseMs = usualLeaseMs } = this.#parts;
    try {
      const isHeld = await renewLease(database.query, lease, now() + leaseMs);
      if (!isHeld) lost.abort(new Error('another server looks at the source'));
    } catch (err) {
      log.warn({ err, source: lease.sourceId }, 'a source could not be held');
    }
  }

  #count(due: DueSource, looked: Looked): void {
    this.#failingSince = undefined;
    if (looked.kind === 'looked') {
      this.#looks[looked.changed > 0 ? 'changed' : 'unchanged'] += 1;
      return;
    }
    this.#looks.unanswered += 1;
    if (looked.retryAfterMs !== undefined) this.#silent.set(hostOf(due.key), this.#parts.now() + looked.retryAfterMs);
  }

  /** What stops is due as before; what fails, when its lease is over, so that a fault does not go round and round. */
  async #giveBack(due: DueSource, lease: Lease, error: unknown): Promise<void> {
    const { database, log } = this.#parts;
    if (!this.#stopping.signal.aborted) {
      this.#looks.failed += 1;
      this.#failingSince ??= this.#parts.now();
      log.error({ err: error, source: due.key }, 'a look failed');
      return;
    }
    await updateHeld(database.query, lease, { lease_until: null }).catch((err: unknown) =>
      log.warn({ err, source: due.key }, 'a source could not be given back'),
    );
  }
}
