/** Figures of catalogues for Prometheus; requests for them are counted with all others. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database } from '../../storage/database.ts';
import { listCatalogueFigures } from './store.ts';

interface MetricsParts {
  readonly database: Database;
  readonly now: () => number;
}

/** Registers how many catalogues there are, how often they were signed, and how late the worst of them is; asked for when the figures are. */
export function registerCatalogueMetrics(registry: Registry, parts: MetricsParts): void {
  const registers = [registry];
  new Gauge({
    ...{ name: 'signpost_catalogues', registers, labelNames: ['state'] },
    help: 'Catalogues of modules: current, behind (a change waits to be signed), expired, unsigned',
    async collect() {
      this.reset();
      for (const state of ['current', 'behind', 'expired', 'unsigned'] as const) this.set({ state }, 0);
      for (const state of (await look(parts)).states) this.inc({ state });
    },
  });
  new Counter({
    ...{ name: 'signpost_catalogue_versions_total', registers },
    help: 'Catalogues signed so far, over all collections that are not deleted',
    async collect() {
      this.reset();
      this.inc((await look(parts)).versions);
    },
  });
  new Gauge({
    ...{ name: 'signpost_catalogue_life_left_ratio', registers },
    help: 'Of its life, what is left to the catalogue that ends first; they are signed anew at 0.5, and 0 has expired',
    async collect() {
      this.set((await look(parts)).lifeLeft);
    },
  });
  new Gauge({
    ...{ name: 'signpost_catalogue_behind_seconds', registers },
    help: 'For how long the change that waits longest for its catalogue has waited',
    async collect() {
      this.set((await look(parts)).behindMs / 1000);
    },
  });
}

type State = 'current' | 'behind' | 'expired' | 'unsigned';

async function look({ database, now }: MetricsParts) {
  const at = now();
  const rows = await listCatalogueFigures(database.query);
  const signed = rows.filter(({ version }) => version > 0);
  const lives = signed.map(({ issued_at, expires_at }) => (expires_at - at) / (expires_at - issued_at));
  return {
    states: rows.map((row) => stateOf(row, at)),
    versions: rows.reduce((sum, { version }) => sum + version, 0),
    lifeLeft: Math.max(0, Math.min(1, ...lives)),
    behindMs: Math.max(0, ...rows.map(({ behind_since }) => at - (behind_since ?? at))),
  };
}

function stateOf(
  { version, expires_at, behind_since }: Awaited<ReturnType<typeof listCatalogueFigures>>[number],
  at: number,
): State {
  if (version === 0) return 'unsigned';
  if (expires_at <= at) return 'expired';
  return behind_since === null ? 'current' : 'behind';
}
