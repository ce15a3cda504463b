/** Which file of a release a statement of VEX is about. */
import type { Migration } from './migration.ts';

/** What was said before is about every file, as it was heard until now. */
export const vexFiles: Migration = {
  name: '0019_vex_files',
  statements: ['alter table vex_statement add column artifact_sha256 TEXT'],
};
