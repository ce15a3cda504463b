/** The counters of what authors sign. */
import type { Migration } from './migration.ts';

/** What was signed without one no client takes any more. */
export const authorCounters: Migration = {
  name: '0036_author_counters',
  statements: ['alter table submission add column author_counter INTEGER check (author_counter >= 1)'],
};
