/** Authorities remember the profile that they were made by, also while they wait for a certificate. */
import type { Migration } from './migration.ts';

/** The name of the organisation's own profile; null for the built-in ones. */
export const authorityProfile: Migration = {
  name: '0039_authority_profile',
  statements: ['alter table authority add column profile text'],
};
