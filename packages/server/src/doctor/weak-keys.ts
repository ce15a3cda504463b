/** The doctor on keys that others have: whether anybody looks for them where certificates are issued. */
import type { DoctorDependencies, Finding } from './finding.ts';
import { hasAuthorities } from './store.ts';

/** Whether lists of weak keys are read. */
export async function examineWeakKeys(
  { database, weakKeys }: DoctorDependencies,
  organisationId: string,
): Promise<Finding[]> {
  if (!(await hasAuthorities(database.query, organisationId))) return [];
  if (weakKeys.count > 0) {
    return [
      {
        level: 'info',
        code: 'weak-keys-listed',
        message: `${weakKeys.count} keys of the lists of weak keys are certified for nobody`,
        hint: 'signpost cert check tells of certificates that are older than the lists',
      },
    ];
  }
  return [
    {
      level: 'info',
      code: 'weak-keys-unlisted',
      message: 'no list of weak keys is read: keys of Debian from 2006 to 2008 (CVE-2008-0166) would be certified',
      hint: 'SIGNPOST_WEAK_KEYS names such lists: docs/operations.md',
    },
  ];
}
