/** Figures of the watch for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database } from '../../storage/database.ts';
import type { Observing } from './scheduler.ts';
import { countSchedules } from './store.ts';

/** Registers looks by how they ended, how far they are behind, and the sources of each organisation; asked for when the figures are. */
export function registerWatchMetrics(
  registry: Registry,
  { database, observing }: { readonly database: Database; readonly observing: Observing },
): void {
  new Counter({
    name: 'signpost_watch_looks_total',
    help: 'Looks at watched sources, by how they ended: changed, unchanged, unanswered, failed',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(observing.figures().looks)) this.inc({ outcome }, count);
    },
  });
  registerNow(registry, observing);
  new Gauge({
    name: 'signpost_watch_sources',
    help: 'Watched sources by whether they answer',
    labelNames: ['organisation_id', 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { organisation_id, sources, unanswered } of await countSchedules(database.query)) {
        this.set({ organisation_id, state: 'unanswered' }, unanswered);
        this.set({ organisation_id, state: 'answered' }, sources - unanswered);
      }
    },
  });
}

function registerNow(registry: Registry, observing: Observing): void {
  const register = (name: string, help: string, read: (figures: ReturnType<Observing['figures']>) => number) =>
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read(observing.figures()));
      },
    });
  register(
    'signpost_watch_lag_seconds',
    'For how long the source that waits longest has been due',
    ({ lagMs }) => lagMs / 1000,
  );
  register('signpost_watch_waiting', 'Sources that are due and wait to be looked at', ({ waiting }) => waiting);
  register('signpost_watch_running', 'Looks under way', ({ running }) => running);
}
