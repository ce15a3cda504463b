/** Figures of admission for Prometheus: reviews by what became of them, and how long they took. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Admitted } from './review.ts';

/** Counts reviews. */
export class AdmissionFigures {
  readonly #reviews = new Counter({
    name: 'signpost_watch_admissions_total',
    help: 'Reviews of what clusters are about to run, by verdict: ok, warn, deny, unknown, or limited when too many came',
    labelNames: ['verdict'],
    registers: [],
  });
  readonly #seconds = new Histogram({
    name: 'signpost_watch_admission_seconds',
    help: 'Time from the review to its answer',
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 3, 5, 10, 25],
    registers: [],
  });

  /** Puts the figures into a registry. */
  register(registry: Registry): void {
    registry.registerMetric(this.#reviews);
    registry.registerMetric(this.#seconds);
  }

  /** A review was answered: it counts as its worst image. */
  count(
    admitted: readonly Admitted[],
    { seconds, isLimited }: { readonly seconds: number; readonly isLimited: boolean },
  ): void {
    const worst = (['deny', 'unknown', 'warn'] as const).find((verdict) =>
      admitted.some(({ outcome }) => outcome === verdict),
    );
    this.#reviews.inc({ verdict: isLimited ? 'limited' : (worst ?? 'ok') });
    this.#seconds.observe(seconds);
  }
}
