/** SQL of timestamp authorities. */
import type { Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { AuthorityTable, CertificateTable } from '../../storage/tables/pki.ts';
import type { TimestampAuthorityTable } from '../../storage/tables/timestamps.ts';

/** A timestamp authority with the authority that it belongs to and the certificate that signs. */
export type TimestampAuthorityRow = Selectable<TimestampAuthorityTable> & {
  readonly name: AuthorityTable['name'];
  readonly authority_state: AuthorityTable['state'];
  readonly certificate_state: CertificateTable['state'];
  readonly der: string;
  readonly not_before: number;
  readonly not_after: number;
};

/** The timestamp authority of the authority `name`, switched off ones too; undefined when it never was one. */
export async function findTimestampAuthority(
  query: Query,
  organisationId: string,
  name: string,
): Promise<TimestampAuthorityRow | undefined> {
  return select(query)
    .where('authority.organisation_id', '=', organisationId)
    .where('authority.name', '=', name)
    .executeTakeFirst();
}

/** All that are switched on, of every organisation. */
export async function listTimestampAuthorities(query: Query): Promise<readonly TimestampAuthorityRow[]> {
  return select(query).where('timestamp_authority.disabled_at', 'is', null).execute();
}

function select(query: Query) {
  return query
    .selectFrom('timestamp_authority')
    .innerJoin('authority', 'authority.id', 'timestamp_authority.authority_id')
    .innerJoin('certificate', 'certificate.id', 'timestamp_authority.certificate_id')
    .selectAll('timestamp_authority')
    .select([
      'authority.name',
      'authority.state as authority_state',
      'certificate.state as certificate_state',
      'certificate.der',
      'certificate.not_before',
      'certificate.not_after',
    ]);
}

/** Stores a timestamp authority, or what it has become. The time that it has reached only grows. */
export async function saveTimestampAuthority(
  tx: Transaction<Schema>,
  row: Selectable<TimestampAuthorityTable>,
): Promise<void> {
  const { authority_id, organisation_id, reserved_until, ...changes } = row;
  const updated = await tx
    .updateTable('timestamp_authority')
    .set(changes)
    .where('authority_id', '=', authority_id)
    .where('organisation_id', '=', organisation_id)
    .executeTakeFirst();
  if (updated.numUpdatedRows === 0n) await tx.insertInto('timestamp_authority').values(row).execute();
}

/** Reserves all times up to `until`, durably. Never takes back. */
export async function reserveTime(query: Query, authorityId: string, until: number): Promise<void> {
  await query
    .updateTable('timestamp_authority')
    .set({ reserved_until: until })
    .where('authority_id', '=', authorityId)
    .where('reserved_until', '<', until)
    .execute();
}
