/** The doctor on timestamp authorities: those that stamp nothing, and those that will stop. */

import { listTimestampAuthorities, type TimestampAuthorityRow } from '../pki/timestamps/store.ts';
import { findRenewal } from '../pki/timestamps/timestamp-authority.ts';
import type { DoctorDependencies, Finding } from './finding.ts';

/** How far reserved time may be ahead of a clock that is right. */
const maxAheadMs = 2000;

/** Authorities whose timestamps are on and do not come, or whose certificate was not renewed in its time. */
export async function examineTimestamps(
  parts: Pick<DoctorDependencies, 'database' | 'now'>,
  organisationId: string,
): Promise<Finding[]> {
  const rows = await listTimestampAuthorities(parts.database.query);
  const own = rows.filter((row) => row.organisation_id === organisationId);
  return (await Promise.all(own.map((row) => examineOne(parts, row)))).flat();
}

async function examineOne(
  parts: Pick<DoctorDependencies, 'database' | 'now'>,
  row: TimestampAuthorityRow,
): Promise<Finding[]> {
  const { name } = row;
  if (row.reserved_until - parts.now() > maxAheadMs) {
    const until = new Date(row.reserved_until).toISOString();
    return [
      {
        level: 'error',
        code: 'timestamps-clock',
        message: `${name} stamps nothing before ${until}: the clock of this machine went back`,
        hint: 'set the clock by NTP; if it was ahead before, have another authority make timestamps',
      },
    ];
  }
  const trouble = row.authority_state === 'revoked' ? 'revoked' : await findRenewal(parts, row);
  if (trouble === undefined) return [];
  if (trouble === 'due' && row.authority_state === 'retired') return [];
  return [
    {
      level: trouble === 'due' ? 'warning' : 'error',
      code: 'timestamps-certificate',
      message: `the certificate that signs timestamps of ${name} is ${trouble === 'due' ? 'due to be renewed' : trouble}`,
      hint: `signpost ca show ${name}: it renews by itself while that authority can sign`,
    },
  ];
}
