/** How far the log is behind the audit log, which it takes in by the clock. */
import { Gauge, type Registry } from 'prom-client';
import type { Database, Query } from '../../storage/database.ts';
import { findSweptTo } from './audit-heads.ts';
import { findOpenLog, type LogRow, measureAudited } from './store.ts';

/** What waits to be taken in. */
export interface LogLag {
  readonly rows: number;
  /** For how long the oldest of them has waited. */
  readonly ms: number;
}

/** What of the audit log is not in `log` yet. */
export async function measureLag(query: Query, log: LogRow, now: number): Promise<LogLag> {
  const { rows, since } = await measureAudited(query, await findSweptTo(query, log));
  return { rows, ms: since === null ? 0 : Math.max(0, now - since) };
}

/** Registers how far the log is behind; asked for when the figures are. */
export function registerLogMetrics(
  registry: Registry,
  { database, now }: { readonly database: Database; readonly now: () => number },
): void {
  const look = async (): Promise<LogLag> => {
    const log = await findOpenLog(database.query);
    return log ? measureLag(database.query, log, now()) : { rows: 0, ms: 0 };
  };
  const registers = [registry];
  new Gauge({
    ...{ name: 'signpost_log_lag_seconds', registers },
    help: 'For how long the oldest row of the audit log that is not in the transparency log has waited',
    async collect() {
      this.set((await look()).ms / 1000);
    },
  });
  new Gauge({
    ...{ name: 'signpost_log_waiting_rows', registers },
    help: 'Rows of the audit log that are not in the transparency log yet',
    async collect() {
      this.set((await look()).rows);
    },
  });
}
