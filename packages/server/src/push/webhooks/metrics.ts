/** Figures of webhooks for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database } from '../../storage/database.ts';
import type { Settled } from './deliveries/outcome.ts';
import { type Backlog, listBacklogs } from './deliveries/store.ts';
import { type EndpointRow, listEndpoints } from './endpoints/store.ts';

/** How attempts have ended since the start, counted by the dispatcher. */
export type AttemptCounts = Map<Settled, number>;

const labelNames = ['organisation_id'] as const;

/** Registers attempts by how they ended; endpoints, backlogs and dead letters by organisation, asked for when the figures are. */
export function registerWebhookMetrics(
  registry: Registry,
  {
    database,
    now,
    attempts,
  }: { readonly database: Database; readonly now: () => number; readonly attempts: AttemptCounts },
): void {
  new Counter({
    name: 'signpost_webhook_attempts_total',
    help: 'Attempts to deliver, by how they ended: delivered, failed, dead (given up), lost',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const outcome of ['delivered', 'failed', 'dead', 'lost'] as const) {
        this.inc({ outcome }, attempts.get(outcome) ?? 0);
      }
    },
  });
  registerEndpoints(registry, database);
  registerBacklogs(registry, database, now);
}

function registerEndpoints(registry: Registry, database: Database): void {
  new Gauge({
    name: 'signpost_webhook_endpoints',
    help: 'Webhooks by state: enabled, asked (switched off by somebody), gone (by its receiver), failing (by the server)',
    labelNames: [...labelNames, 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { organisation_id, disabled_because } of await listEndpoints(database.query)) {
        this.inc({ organisation_id, state: disabled_because ?? 'enabled' });
      }
    },
  });
}

interface BacklogGauge {
  readonly name: string;
  readonly help: string;
  readonly read: (backlog: Backlog, endpoint: EndpointRow) => number;
  readonly merge: (left: number, right: number) => number;
}

function registerBacklogs(registry: Registry, database: Database, now: () => number): void {
  const add = (left: number, right: number) => left + right;
  registerBacklog(registry, database, {
    name: 'signpost_webhook_waiting',
    help: 'Deliveries that wait to be made, or made again',
    read: ({ waiting }) => waiting,
    merge: add,
  });
  registerBacklog(registry, database, {
    name: 'signpost_webhook_dead_letters',
    help: 'Deliveries that were given up',
    read: ({ dead }) => dead,
    merge: add,
  });
  registerBacklog(registry, database, {
    name: 'signpost_webhook_oldest_waiting_seconds',
    help: 'Age of the oldest event that waits for a webhook which is on',
    read: ({ oldest }, { state }) => (oldest === null || state === 'disabled' ? 0 : (now() - oldest) / 1000),
    merge: Math.max,
  });
}

function registerBacklog(registry: Registry, database: Database, { name, help, read, merge }: BacklogGauge): void {
  new Gauge({
    ...{ name, help, labelNames, registers: [registry] },
    async collect() {
      this.reset();
      const backlogs = new Map((await listBacklogs(database.query)).map((backlog) => [backlog.endpoint_id, backlog]));
      const figures = new Map<string, number>();
      for (const endpoint of await listEndpoints(database.query)) {
        const backlog = backlogs.get(endpoint.id);
        const before = figures.get(endpoint.organisation_id) ?? 0;
        figures.set(endpoint.organisation_id, backlog ? merge(before, read(backlog, endpoint)) : before);
      }
      for (const [organisation_id, figure] of figures) this.set({ organisation_id }, figure);
    },
  });
}
