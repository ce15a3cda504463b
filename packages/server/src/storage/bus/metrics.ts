/** Figures of the outer bus for Prometheus. */
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../database.ts';
import { measureWaiting } from './forwarder.ts';

/** Registers what waits to be carried to other processes; asked for when the figures are. */
export function registerBusMetrics(
  registry: Registry,
  { database, now }: { readonly database: Database; readonly now: () => number },
): void {
  new Gauge({
    name: 'signpost_bus_waiting_events',
    help: 'Events that wait to be carried to other processes',
    registers: [registry],
    async collect() {
      this.set((await measureWaiting(database)).count);
    },
  });
  new Gauge({
    name: 'signpost_bus_lag_seconds',
    help: 'How long the oldest of them has waited',
    registers: [registry],
    async collect() {
      const { oldest } = await measureWaiting(database);
      this.set(oldest === undefined ? 0 : (now() - oldest) / 1000);
    },
  });
}
