/** Indexes for lists in pages: one at the end of a long list costs what the first one does. */
import type { Migration } from './migration.ts';

/** Releases of a project by age, and projects of one kind by slug. */
export const pages: Migration = {
  name: '0038_pages',
  statements: [
    'create index release_age on release (project_id, id)',
    'create index project_kind on project (organisation_id, kind, slug)',
  ],
};
