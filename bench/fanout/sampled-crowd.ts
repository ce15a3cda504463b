/**
 * Listeners of whom a few stand in a process of their own, spread evenly among the others: these measure. A process that reads a thousand
 * connections, one after the other, would be late itself, and its lateness would stand in the figures.
 */
import type { Contestant } from './contestants.ts';
import { Crowd } from './crowd.ts';
import type { Latencies } from './orders.ts';

/** A crowd with a sample. */
export class SampledCrowd {
  readonly #rest: Crowd;
  readonly #sample: Crowd;

  private constructor(rest: Crowd, sample: Crowd) {
    this.#rest = rest;
    this.#sample = sample;
  }

  /** Connects `count` listeners, `sampled` of which measure. */
  static async gather(
    contestant: Contestant,
    { count, sampled }: { readonly count: number; readonly sampled: number },
  ): Promise<SampledCrowd> {
    const [rest, sample] = [await Crowd.gather(contestant, 0), await Crowd.gather(contestant, 0)];
    for (let index = 0; index < sampled; index += 1) {
      await rest.join(contestant, Math.floor((count - sampled) / sampled));
      await sample.join(contestant, 1);
    }
    await rest.join(contestant, (count - sampled) % sampled);
    return new SampledCrowd(rest, sample);
  }

  /** Has `publish` done, and resolves when every listener that reads has got `count` frames more. */
  async receive(count: number, publish: () => Promise<void>): Promise<void> {
    await this.#sample.receive(count, async () => {
      await this.#rest.receive(count, publish);
    });
  }

  /** How long the frames that arrive meanwhile take, as the sample sees them. */
  time(work: () => Promise<unknown>): Promise<Latencies> {
    return this.#sample.time(work);
  }

  /** Lets the first `count` of those who measure nothing stop reading. */
  pause(count: number): Promise<void> {
    return this.#rest.pause(count);
  }

  async leave(): Promise<void> {
    await this.#rest.leave();
    await this.#sample.leave();
  }
}
