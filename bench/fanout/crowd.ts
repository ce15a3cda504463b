/** A crowd of listeners in a process of its own, and what it sees. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readProcessorSeconds } from '../../test/programs/process-usage.ts';
import type { Contestant } from './contestants.ts';
import type { Latencies, ListenerOrder, ListenerReport } from './orders.ts';

/** How a storm went. */
export interface Storm {
  /** Milliseconds until everybody had everything. */
  readonly ms: number;
  /** Microseconds of processor time for one listener: of the server, and of the process of listeners. */
  readonly serverCost: number;
  readonly listenerCost: number;
}

/** Listeners of one server. */
export class Crowd {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Connects `count` listeners; resolves when each has got its first octets. */
  static async gather({ port, request, hello }: Contestant, count: number): Promise<Crowd> {
    const child = fork(join(import.meta.dirname, 'listeners.ts'));
    const crowd = new Crowd(child);
    await crowd.#ask({ kind: 'connect', port, count, request, hello }, 'connected');
    return crowd;
  }

  /** Connects `count` more. */
  async join({ port, request, hello }: Pick<Contestant, 'port' | 'request' | 'hello'>, count: number): Promise<void> {
    await this.#ask({ kind: 'connect', port, count, request, hello }, 'connected');
  }

  /** Lets `count` listeners connect at once, until each has got the `frames` that it missed. */
  static async storm(
    { pid, port, request }: Pick<Contestant, 'pid' | 'port' | 'request'>,
    { count, frames }: { readonly count: number; readonly frames: number },
  ): Promise<Storm> {
    const child = fork(join(import.meta.dirname, 'listeners.ts'));
    const crowd = new Crowd(child);
    // Its own start does not count.
    await crowd.join({ port, request }, 0);
    const readCost = (of: number) => (readProcessorSeconds(of) * 1e6) / count;
    const [server, listeners] = [readCost(pid), readCost(child.pid ?? 0)];
    const started = performance.now();
    await crowd.#ask({ kind: 'storm', port, count, request, frames }, 'received');
    const ms = performance.now() - started;
    const storm = { ms, serverCost: readCost(pid) - server, listenerCost: readCost(child.pid ?? 0) - listeners };
    await crowd.leave();
    return storm;
  }

  /** Has `publish` done, and resolves when every listener that reads has got `count` frames more; milliseconds. */
  async receive(count: number, publish: () => Promise<void>): Promise<number> {
    await this.#ask({ kind: 'expect', count }, 'ready');
    const received = this.#next('received');
    const started = performance.now();
    await publish();
    await received;
    return performance.now() - started;
  }

  /** Lets the first `count` of them stop reading. */
  async pause(count: number): Promise<void> {
    await this.#ask({ kind: 'pause', count }, 'ready');
  }

  /** How long the frames that arrive meanwhile take. */
  async time(work: () => Promise<unknown>): Promise<Latencies> {
    await this.#ask({ kind: 'time' }, 'ready');
    await work();
    return this.#ask({ kind: 'latencies' }, 'latencies');
  }

  async leave(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }

  async #ask<K extends ListenerReport['kind']>(
    order: ListenerOrder,
    kind: K,
  ): Promise<Extract<ListenerReport, { kind: K }>> {
    const answer = this.#next(kind);
    this.#child.send(order);
    return answer;
  }

  #next<K extends ListenerReport['kind']>(kind: K): Promise<Extract<ListenerReport, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.off('message', take);
        reject(new Error(`expected the listeners to tell "${kind}" within ${limitMs} ms`));
      }, limitMs);
      const take = (message: ListenerReport) => {
        if (message.kind !== kind) return;
        clearTimeout(timer);
        this.#child.off('message', take);
        resolve(message as Extract<ListenerReport, { kind: K }>);
      };
      this.#child.on('message', take);
    });
  }
}

const limitMs = 120_000;
