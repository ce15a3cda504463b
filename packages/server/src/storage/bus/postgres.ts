/** PostgreSQL as the outer bus: the table is the truth, a notification the word that there is more (LISTEN, NOTIFY). */
import { sql } from 'kysely';
import type { Database } from '../database.ts';
import type { OuterBus } from './outer-bus.ts';

/** The channel that other processes listen on; the payload is the position of the last event. */
export const notificationChannel = 'signpost_events';

/** Notifies whoever listens on `database`. Who misses a notification reads on with the next one, or by the clock. */
export function createPostgresBus(database: Database): OuterBus {
  return {
    open: async () => 'kept',
    carry: async (events) => {
      const position = String(events.at(-1)?.position ?? 0);
      await sql`select pg_notify(${notificationChannel}, ${position})`.execute(database.query);
    },
    close: async () => undefined,
  };
}
