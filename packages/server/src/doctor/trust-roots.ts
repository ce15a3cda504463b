/** The doctor on the roots that evidence is judged by: those that run out, and those that nobody gets any more. */
import { type Light, type LightReason, lightOf } from '../evidence/trust-roots/light.ts';
import { listTrustRoots, type TrustRootHead } from '../evidence/trust-roots/store.ts';
import type { DoctorDependencies, Finding } from './finding.ts';

const messages: Readonly<Record<Exclude<LightReason, 'current'>, string>> = {
  'nothing-accepted': 'nothing was accepted yet: evidence that needs it is refused',
  expired: 'its metadata has expired: nobody knows whether it is current',
  'authorities-ended': 'all its certificate authorities have ended: nothing new can be signed under it',
  refused: 'its repository gives what is refused; what was accepted before is in force',
  unreachable: 'its repository does not answer; what was accepted before is in force',
  'root-ending': 'the root of its repository expires within 14 days',
  'authorities-ending': 'its last certificate authority ends within 30 days',
};

/** Trusted roots whose light is not green. */
export async function examineTrustRoots(
  { database, now }: Pick<DoctorDependencies, 'database' | 'now'>,
  organisationId: string,
): Promise<Finding[]> {
  const rows = await listTrustRoots(database.query, organisationId);
  return rows.flatMap((row) => describe(row, lightOf(row, now())));
}

function describe(row: TrustRootHead, { light, reason, since }: Light): Finding[] {
  if (reason === 'current') return [];
  const days = new Date(since).toISOString().slice(0, 10);
  return [
    {
      level: light === 'red' ? 'error' : 'warning',
      code: `trust-root-${reason}`,
      message: `the trusted root ${row.name}: ${messages[reason]} (since ${days})`,
      hint:
        row.source === 'tuf'
          ? `signpost trust-root refresh ${row.name}; signpost trust-root show ${row.name} says what was refused`
          : `signpost trust-root refresh ${row.name} --file trusted_root.json, with a newer one`,
    },
  ];
}
