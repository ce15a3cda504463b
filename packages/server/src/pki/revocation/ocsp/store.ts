/** SQL of OCSP responders. */
import type { Selectable, Transaction } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { OcspResponderTable } from '../../../storage/tables/revocation.ts';

/** A responder's key with the certificate for it. */
export type ResponderRow = Selectable<OcspResponderTable> & { readonly der: string; readonly not_before: number };

/** Stores the key of a responder; its certificate is stored before. */
export async function insertResponder(tx: Transaction<Schema>, row: OcspResponderTable): Promise<void> {
  await tx.insertInto('ocsp_responder').values(row).execute();
}

/** The responder of an authority that serves longest, unless its certificate is revoked or over at `at`. */
export async function findResponder(query: Query, authorityId: string, at: number): Promise<ResponderRow | undefined> {
  return query
    .selectFrom('ocsp_responder')
    .innerJoin('certificate', 'certificate.id', 'ocsp_responder.certificate_id')
    .selectAll('ocsp_responder')
    .select(['certificate.der', 'certificate.not_before'])
    .where('ocsp_responder.authority_id', '=', authorityId)
    .where('ocsp_responder.not_after', '>', at)
    .where('certificate.state', '=', 'valid')
    .orderBy('ocsp_responder.not_after', 'desc')
    .orderBy('ocsp_responder.certificate_id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Removes the keys of responders that are over: nothing is to be signed with them any more. */
export async function pruneResponders(tx: Transaction<Schema>, authorityId: string, before: number): Promise<void> {
  await tx
    .deleteFrom('ocsp_responder')
    .where('authority_id', '=', authorityId)
    .where('not_after', '<', before)
    .execute();
}
