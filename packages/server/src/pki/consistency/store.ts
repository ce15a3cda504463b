/** SQL of the check: keys and lists of an organisation, as they stand. */
import type { Query } from '../../storage/database.ts';
import type { CertificateRow } from '../records/certificate-row.ts';
import { findCertificate } from '../records/store.ts';
import type { RevocationListRow } from '../revocation/store.ts';

/** A key that answers or stamps for an authority, with the certificate for it. */
export interface KeyBesides {
  readonly kind: 'ocsp' | 'timestamps';
  readonly authorityId: string;
  /** The name of the authority. */
  readonly authority: string;
  readonly sealedKey: string;
  readonly certificate: CertificateRow;
}

/** The keys that answer by OCSP, and those that stamp now. */
export async function listKeysBesides(query: Query, organisationId: string): Promise<readonly KeyBesides[]> {
  const found: KeyBesides[] = [];
  for (const [kind, table] of [['ocsp', 'ocsp_responder'] as const, ['timestamps', 'timestamp_authority'] as const]) {
    const rows = await query
      .selectFrom(table)
      .innerJoin('authority', 'authority.id', `${table}.authority_id`)
      .select([`${table}.certificate_id`, `${table}.authority_id`, `${table}.sealed_key`, 'authority.name'])
      .where(`${table}.organisation_id`, '=', organisationId)
      .where(`${table}.sealed_key`, 'is not', null)
      .orderBy(`${table}.certificate_id`)
      .execute();
    for (const { certificate_id: id, authority_id: authorityId, sealed_key: sealedKey, name: authority } of rows) {
      const certificate = await findCertificate(query, organisationId, id);
      if (certificate) found.push({ kind, authorityId, authority, sealedKey: sealedKey ?? '', certificate });
    }
  }
  return found;
}

/** Which list of an authority. */
export type ListKey = Pick<RevocationListRow, 'authority_id' | 'kind' | 'part'>;

/** All lists of an organisation, without their bytes. */
export async function listListKeys(query: Query, organisationId: string): Promise<ListKey[]> {
  return query
    .selectFrom('revocation_list')
    .select(['authority_id', 'kind', 'part'])
    .where('organisation_id', '=', organisationId)
    .orderBy('authority_id')
    .orderBy('kind')
    .orderBy('part')
    .execute();
}

/** Writes columns of a list again, unless it was replaced since; false then. */
export async function rewriteList(
  query: Query,
  row: RevocationListRow,
  columns: Partial<Omit<RevocationListRow, keyof ListKey>>,
): Promise<boolean> {
  const { numUpdatedRows } = await query
    .updateTable('revocation_list')
    .set(columns)
    .where('authority_id', '=', row.authority_id)
    .where('kind', '=', row.kind)
    .where('part', '=', row.part)
    .where('der', '=', row.der)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Takes a list away, unless it was replaced since; false then. */
export async function deleteList(query: Query, row: RevocationListRow): Promise<boolean> {
  const { numDeletedRows } = await query
    .deleteFrom('revocation_list')
    .where('authority_id', '=', row.authority_id)
    .where('kind', '=', row.kind)
    .where('part', '=', row.part)
    .where('der', '=', row.der)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Takes the key of a responder away; false when it was gone. */
export async function deleteResponder(query: Query, certificateId: string): Promise<boolean> {
  const deleting = query.deleteFrom('ocsp_responder').where('certificate_id', '=', certificateId);
  return (await deleting.executeTakeFirst()).numDeletedRows === 1n;
}
