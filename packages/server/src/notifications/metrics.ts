/** Figures of mail for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { countNotices } from './notices/store.ts';
import type { NotificationParts } from './parts.ts';

/** Registers attempts by how they ended, and notices that wait or were given up, asked for when the figures are. */
export function registerMailMetrics(
  registry: Registry,
  { database, mailAttempts }: Pick<NotificationParts, 'database' | 'mailAttempts'>,
): void {
  new Counter({
    name: 'signpost_mail_attempts_total',
    help: 'Mails handed to the server of mail, by how it ended: taken, refused, put-off; and notices given up: dead',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const outcome of ['taken', 'refused', 'put-off', 'dead'] as const) {
        this.inc({ outcome }, mailAttempts.get(outcome) ?? 0);
      }
    },
  });
  new Gauge({
    name: 'signpost_mail_notices',
    help: 'Notices that wait to be sent, and dead ones, which were given up in the last 30 days',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const state of ['waiting', 'dead']) this.set({ state }, 0);
      for (const { state, notices } of await countNotices(database.query)) this.set({ state }, notices);
    },
  });
}
