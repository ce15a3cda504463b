/** The trust plane's SQL: pinned roots, trust lists, signing keys. */
import type { Selectable, Transaction } from 'kysely';
import type { Query } from '../storage/database.ts';
import type { Schema } from '../storage/schema.ts';
import type { SigningKeyTable, TrustListTable, TrustRootTable } from '../storage/tables/trust.ts';

/** A stored trust list. */
export type TrustListRow = Selectable<TrustListTable>;
/** A stored server key. */
export type SigningKeyRow = Selectable<SigningKeyTable>;

/** The roots that an organisation pinned; empty while none is. */
export async function listPinnedRoots(query: Query, organisationId: string): Promise<Selectable<TrustRootTable>[]> {
  return query
    .selectFrom('trust_root')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('key_id')
    .execute();
}

/** Pins the roots of an organisation. */
export async function insertPinnedRoots(tx: Transaction<Schema>, rows: readonly TrustRootTable[]): Promise<void> {
  await tx
    .insertInto('trust_root')
    .values([...rows])
    .execute();
}

/** Every root that any organisation pinned. */
export async function listAllPinnedRoots(query: Query): Promise<Selectable<TrustRootTable>[]> {
  return query.selectFrom('trust_root').selectAll().orderBy('key_id').execute();
}

/** The list with the highest version. */
export async function findLatestTrustList(query: Query, organisationId: string): Promise<TrustListRow | undefined> {
  return query
    .selectFrom('trust_list')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The list of exactly `version`, or undefined. */
export async function findTrustList(
  query: Query,
  organisationId: string,
  version: number,
): Promise<TrustListRow | undefined> {
  return query
    .selectFrom('trust_list')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('version', '=', version)
    .executeTakeFirst();
}

/** The lists that changed the roots, ascending: the chain that a client walks. */
export async function listRootChanges(query: Query, organisationId: string): Promise<TrustListRow[]> {
  return query
    .selectFrom('trust_list')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('changes_roots', '=', 1)
    .orderBy('version')
    .execute();
}

/** How many lists changed the roots, and how many bytes they have together. */
export async function measureRootChanges(
  query: Query,
  organisationId: string,
): Promise<{ count: number; bytes: number }> {
  const { count, bytes } = await query
    .selectFrom('trust_list')
    .select(({ fn }) => [
      fn.countAll<number | string>().as('count'),
      // `octet_length` is known to PostgreSQL, and to SQLite since 3.43.
      fn.sum<number | string | null>(fn('octet_length', ['envelope'])).as('bytes'),
    ])
    .where('organisation_id', '=', organisationId)
    .where('changes_roots', '=', 1)
    .executeTakeFirstOrThrow();
  return { count: Number(count), bytes: Number(bytes ?? 0) };
}

/** Every list of an organisation without its bytes, newest first. */
export async function listTrustListVersions(
  query: Query,
  organisationId: string,
): Promise<Omit<TrustListRow, 'envelope' | 'organisation_id'>[]> {
  return query
    .selectFrom('trust_list')
    .select(['version', 'digest', 'issued_at', 'expires_at', 'changes_roots', 'imported_at'])
    .where('organisation_id', '=', organisationId)
    .orderBy('version', 'desc')
    .execute();
}

/** A list by what the log says of it. */
export type TrustListHead = Pick<TrustListRow, 'organisation_id' | 'version' | 'digest'>;

/** Every list of every organisation without its bytes, in the order of their import. */
export async function listTrustListHeads(query: Query): Promise<TrustListHead[]> {
  return query
    .selectFrom('trust_list')
    .select(['organisation_id', 'version', 'digest'])
    .orderBy('imported_at')
    .orderBy('organisation_id')
    .orderBy('version')
    .execute();
}

/** Stores a list if its version is still above every stored one; false when another import was faster. */
export async function insertTrustList(tx: Transaction<Schema>, row: TrustListTable): Promise<boolean> {
  const latest = await findLatestTrustList(tx, row.organisation_id);
  if (latest && latest.version >= row.version) return false;
  // The primary key (organisation_id, version) decides between two callers that both came this far.
  await tx.insertInto('trust_list').values(row).execute();
  return true;
}

/** The latest list of each organisation. */
export async function listLatestTrustLists(
  query: Query,
): Promise<{ organisation_id: string; version: number; expires_at: number }[]> {
  return query
    .selectFrom('trust_list as list')
    .select(['list.organisation_id', 'list.version', 'list.expires_at'])
    .where(({ eb, not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('trust_list as newer')
            .select(eb.lit(1).as('one'))
            .whereRef('newer.organisation_id', '=', 'list.organisation_id')
            .whereRef('newer.version', '>', 'list.version'),
        ),
      ),
    )
    .execute();
}

/** Whether the audit log already holds `action` for `objectId`. */
export async function isAudited(query: Query, action: string, objectId: string): Promise<boolean> {
  const row = await query
    .selectFrom('audit_event')
    .select('sequence')
    .where('action', '=', action)
    .where('object_id', '=', objectId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The server keys of an organisation, newest first. */
export async function listSigningKeys(query: Query, organisationId: string): Promise<SigningKeyRow[]> {
  return query
    .selectFrom('signing_key')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .execute();
}

/** One server key, or undefined. */
export async function findSigningKey(
  query: Query,
  organisationId: string,
  keyId: string,
): Promise<SigningKeyRow | undefined> {
  return query
    .selectFrom('signing_key')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('key_id', '=', keyId)
    .executeTakeFirst();
}

/** The active key of exactly `scope`, or undefined. */
export async function findActiveSigningKey(
  query: Query,
  organisationId: string,
  scope: string,
): Promise<SigningKeyRow | undefined> {
  return query
    .selectFrom('signing_key')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('scope', '=', scope)
    .where('state', '=', 'active')
    .executeTakeFirst();
}

/** Stores a new key. */
export async function insertSigningKey(tx: Transaction<Schema>, row: SigningKeyTable): Promise<void> {
  await tx.insertInto('signing_key').values(row).execute();
}

/** Ends whichever key is active in `scope`; returns its id. */
export async function retireActiveSigningKey(
  tx: Transaction<Schema>,
  where: { organisationId: string; scope: string; now: number },
): Promise<string | undefined> {
  const row = await tx
    .updateTable('signing_key')
    .set({ state: 'retired', ended_at: where.now })
    .where('organisation_id', '=', where.organisationId)
    .where('scope', '=', where.scope)
    .where('state', '=', 'active')
    .returning('key_id')
    .executeTakeFirst();
  return row?.key_id;
}

/** Moves a key to `to` if it is in one of the states `from`; false when it is not. */
export async function moveSigningKey(
  tx: Transaction<Schema>,
  key: { organisationId: string; keyId: string; now: number },
  change: { from: readonly SigningKeyTable['state'][]; to: SigningKeyTable['state'] },
): Promise<boolean> {
  const row = await tx
    .updateTable('signing_key')
    .set(
      change.to === 'active'
        ? { state: change.to, activated_at: key.now, ended_at: null }
        : { state: change.to, ended_at: key.now },
    )
    .where('organisation_id', '=', key.organisationId)
    .where('key_id', '=', key.keyId)
    .where('state', 'in', [...change.from])
    .returning('key_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Every server key of every organisation that could still sign: what a reset of the vault would lose. */
export async function listSealedKeys(query: Query): Promise<Pick<SigningKeyRow, 'key_id' | 'label' | 'scope'>[]> {
  return query
    .selectFrom('signing_key')
    .select(['key_id', 'label', 'scope'])
    .where('state', '!=', 'revoked')
    .orderBy('created_at')
    .execute();
}
