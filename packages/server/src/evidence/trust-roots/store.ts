/** SQL of trusted roots. */
import type { Selectable, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { EvidenceRootTable } from '../../storage/tables/trust-roots.ts';

/** A stored trusted root. */
export type TrustRootRow = Selectable<EvidenceRootTable>;

/** One without the document: what lists and schedules need. */
export type TrustRootHead = Omit<TrustRootRow, 'document' | 'pinned_root'>;

const headColumns = [
  'id',
  'organisation_id',
  'name',
  'source',
  'metadata_url',
  'targets_url',
  'target',
  'digest',
  'accepted_at',
  'root_version',
  'expires_at',
  'root_expires_at',
  'authorities_end_at',
  'checked_at',
  'next_check_at',
  'failures',
  'failure_code',
  'failure',
  'since',
  'created_at',
] as const;

/** Adds a root. Throws a unique violation when the organisation has one of that name. */
export async function insertTrustRoot(query: Query, row: TrustRootRow): Promise<void> {
  await query.insertInto('evidence_root').values(row).execute();
}

/** The root `name` of the organisation, or undefined. */
export async function findTrustRoot(
  query: Query,
  organisationId: string,
  name: string,
): Promise<TrustRootRow | undefined> {
  return query
    .selectFrom('evidence_root')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** The root with this id, or undefined. */
export async function findTrustRootById(query: Query, id: string): Promise<TrustRootRow | undefined> {
  return query.selectFrom('evidence_root').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The roots of an organisation, or of all, by name. */
export async function listTrustRoots(query: Query, organisationId?: string): Promise<readonly TrustRootHead[]> {
  const all = query.selectFrom('evidence_root').select(headColumns).orderBy('organisation_id').orderBy('name');
  return (organisationId === undefined ? all : all.where('organisation_id', '=', organisationId)).execute();
}

/** The digests of the documents in force of an organisation, each after its name. */
export async function listTrustDigests(query: Query, organisationId: string): Promise<readonly string[]> {
  const rows = await query
    .selectFrom('evidence_root')
    .select(['name', 'digest'])
    .where('organisation_id', '=', organisationId)
    .orderBy('name')
    .execute();
  return rows.flatMap(({ name, digest }) => (digest === null ? [] : [`${name} ${digest}`]));
}

/**
 * The documents in force of an organisation, by name; a root of which nothing was accepted yet has none. Those whose repository's metadata ended
 * before `now` are left out: nobody knows whether they are current (TUF, 5.4.4).
 */
export async function listTrustDocuments(
  query: Query,
  organisationId: string,
  now: number,
): Promise<readonly { readonly name: string; readonly digest: string; readonly document: string }[]> {
  const rows = await query
    .selectFrom('evidence_root')
    .select(['name', 'digest', 'document'])
    .where('organisation_id', '=', organisationId)
    .where(({ eb, or }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('name')
    .execute();
  return rows.flatMap(({ name, digest, document }) =>
    digest === null || document === null ? [] : [{ name, digest, document }],
  );
}

/** The roots from repositories that are due at `now`, the longest overdue first. */
export async function listDueTrustRoots(query: Query, now: number): Promise<readonly TrustRootHead[]> {
  return query
    .selectFrom('evidence_root')
    .select(headColumns)
    .where('source', '=', 'tuf')
    .where('next_check_at', '<=', now)
    .orderBy('next_check_at')
    .execute();
}

/** Changes a root. Whether it is still there. */
export async function updateTrustRoot(
  query: Query,
  id: string,
  change: Updateable<EvidenceRootTable>,
): Promise<boolean> {
  const result = await query.updateTable('evidence_root').set(change).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Removes a root and what is kept of its repository. */
export async function deleteTrustRoot(query: Query, id: string): Promise<void> {
  await query.deleteFrom('evidence_root').where('id', '=', id).execute();
}

/** What is kept of the repository of a root, by role. */
export async function readMetadata(query: Query, rootId: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const rows = await query.selectFrom('evidence_root_metadata').selectAll().where('root_id', '=', rootId).execute();
  return new Map(
    rows.map(({ role, bytes }) => [decodeURIComponent(role), new Uint8Array(Buffer.from(bytes, 'base64'))]),
  );
}

/** Puts `metadata` in the place of what is kept of the repository of a root. */
export async function replaceMetadata(
  query: Query,
  rootId: string,
  metadata: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await query.deleteFrom('evidence_root_metadata').where('root_id', '=', rootId).execute();
  if (metadata.size === 0) return;
  const rows = [...metadata].map(([role, bytes]) => ({
    root_id: rootId,
    // Any text, also what PostgreSQL does not store.
    role: encodeURIComponent(role),
    bytes: Buffer.from(bytes).toString('base64'),
  }));
  await query.insertInto('evidence_root_metadata').values(rows).execute();
}
