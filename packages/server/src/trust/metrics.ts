/** Figures of the trust plane for Prometheus. */
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../storage/database.ts';
import { listLatestTrustLists } from './store.ts';

/** Registers how long each organisation's trust list still lasts, in seconds; asked for when the figures are. */
export function registerTrustMetrics(
  registry: Registry,
  { database, now }: { database: Database; now: () => number },
): void {
  new Gauge({
    name: 'signpost_trust_list_expires_in_seconds',
    help: 'Seconds until the trust list in force expires, by organisation; negative once it has',
    labelNames: ['organisation_id'],
    registers: [registry],
    async collect() {
      for (const list of await listLatestTrustLists(database.query)) {
        this.set({ organisation_id: list.organisation_id }, (list.expires_at - now()) / 1000);
      }
    },
  });
}
