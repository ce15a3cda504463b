/** Figures of trusted roots for Prometheus. */
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../../storage/database.ts';
import { lightOf } from './light.ts';
import { listTrustRoots } from './store.ts';

const figures = { green: 0, yellow: 1, red: 2 } as const;
const labelNames = ['organisation_id', 'name'] as const;

/** Registers the light of each trusted root, and how long its metadata still lasts; asked for when the figures are. */
export function registerTrustRootMetrics(
  registry: Registry,
  { database, now }: { readonly database: Database; readonly now: () => number },
): void {
  new Gauge({
    name: 'signpost_evidence_trust_root_light',
    help: 'How a trusted root stands: 0 green, 1 yellow, 2 red',
    labelNames,
    registers: [registry],
    async collect() {
      this.reset();
      for (const row of await listTrustRoots(database.query)) {
        this.set({ organisation_id: row.organisation_id, name: row.name }, figures[lightOf(row, now()).light]);
      }
    },
  });
  new Gauge({
    name: 'signpost_evidence_trust_root_expires_in_seconds',
    help: 'Seconds until the TUF metadata of a trusted root expires; negative once it has',
    labelNames,
    registers: [registry],
    async collect() {
      this.reset();
      for (const { organisation_id, name, expires_at } of await listTrustRoots(database.query)) {
        if (expires_at !== null) this.set({ organisation_id, name }, (expires_at - now()) / 1000);
      }
    },
  });
}
