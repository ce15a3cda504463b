/** Sightings in less room: on PostgreSQL they took half as much again as they must. */
import type { Migration } from './migration.ts';

/**
 * The rows of an artifact are found by it alone, of which PostgreSQL stores each once, and come in the order of their sequence. Numbers of artifacts, fact sets and chains
 * fit into 32 bits; integers of SQLite are as long as they are.
 */
export const smallSightings: Migration = {
  name: '0023_small_sightings',
  statements: [
    'drop index watch_observation_artifact',
    {
      sqlite: 'create index watch_observation_artifact on watch_observation (artifact)',
      postgres: `alter table watch_observation alter column chain type integer,
          alter column artifact type integer, alter column facts type integer;
        create index watch_observation_artifact on watch_observation (artifact)`,
    },
  ],
};
