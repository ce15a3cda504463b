/** Events for processes beside the server: what an outer bus is to carry, in one order for all. */
import type { Migration } from './migration.ts';

/** Kept only where an outer bus is configured. */
export const bus: Migration = {
  name: '0016_bus',
  statements: [
    `create table bus_event (
      id TEXT primary key,
      position INTEGER not null unique check (position >= 1),
      event TEXT not null,
      at INTEGER not null,
      carried_at INTEGER
    ) STRICT`,
    'create index bus_event_waiting on bus_event (position) where carried_at is null',
  ],
};
