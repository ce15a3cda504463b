/** The SQL of accounts: organisations, people, memberships, sessions, API keys. */
import type { Selectable } from 'kysely';
import type { Query } from '../storage/database.ts';
import type {
  ApiKeyTable,
  MembershipTable,
  OrganisationTable,
  PersonTable,
  SessionTable,
} from '../storage/tables/accounts.ts';
import { announceAccessChange } from './access-changes.ts';

/** A stored organisation. */
export type OrganisationRow = Selectable<OrganisationTable>;
/** A stored API key. */
export type ApiKeyRow = Selectable<ApiKeyTable>;
/** A stored session. */
export type SessionRow = Selectable<SessionTable>;
/** A person with the role that they hold in one organisation. */
export type MemberRow = Selectable<PersonTable> & Pick<MembershipTable, 'role'>;

/** All organisations by slug. */
export async function listOrganisations(query: Query): Promise<OrganisationRow[]> {
  return query.selectFrom('organisation').selectAll().orderBy('slug').execute();
}

/** Throws a unique violation when slug or host is taken. */
export async function insertOrganisation(query: Query, row: OrganisationRow): Promise<void> {
  await query.insertInto('organisation').values(row).execute();
}

/** Whether there is any organisation, in a schema of any version. */
export async function hasOrganisations(query: Query): Promise<boolean> {
  return (await query.selectFrom('organisation').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** The organisation with this id. */
export async function findOrganisation(query: Query, id: string): Promise<OrganisationRow | undefined> {
  return query.selectFrom('organisation').where('id', '=', id).selectAll().executeTakeFirst();
}

/** Decides whether people of the organisation may come by their password alone; whoever listens hears of it. */
export async function updateSecondFactorRule(
  query: Query,
  id: string,
  rule: OrganisationRow['second_factor'],
): Promise<void> {
  await query.updateTable('organisation').set({ second_factor: rule }).where('id', '=', id).execute();
  announceAccessChange(query);
}

/** Throws a unique violation when the address is taken. */
export async function insertPerson(query: Query, row: Selectable<PersonTable>): Promise<void> {
  await query.insertInto('person').values(row).execute();
}

/** The id of whoever has this address, in lower case. */
export async function findPersonId(query: Query, email: string): Promise<string | undefined> {
  return (await query.selectFrom('person').select('id').where('email', '=', email).executeTakeFirst())?.id;
}

/** The address of a person, as it is now. */
export async function findEmail(query: Query, personId: string): Promise<string | undefined> {
  return (await query.selectFrom('person').select('email').where('id', '=', personId).executeTakeFirst())?.email;
}

/** Makes a person a member. Throws a unique violation when they are one. */
export async function insertMembership(query: Query, row: MembershipTable): Promise<void> {
  await query.insertInto('membership').values(row).execute();
}

/** The member with this id. */
export async function findMember(
  query: Query,
  organisationId: string,
  personId: string,
): Promise<MemberRow | undefined> {
  return members(query, organisationId).where('person.id', '=', personId).executeTakeFirst();
}

/** The member with this address, in lower case. */
export async function findMemberByEmail(
  query: Query,
  organisationId: string,
  email: string,
): Promise<MemberRow | undefined> {
  return members(query, organisationId).where('person.email', '=', email).executeTakeFirst();
}

function members(query: Query, organisationId: string) {
  return query
    .selectFrom('membership')
    .innerJoin('person', 'person.id', 'membership.person_id')
    .where('membership.organisation_id', '=', organisationId)
    .selectAll('person')
    .select('membership.role');
}

/** How many organisations a person belongs to. */
export async function countMemberships(query: Query, personId: string): Promise<number> {
  const row = await query
    .selectFrom('membership')
    .where('person_id', '=', personId)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Whether an admin besides `personId` can act for the organisation. */
export async function hasOtherAdmin(query: Query, organisationId: string, personId: string): Promise<boolean> {
  const row = await members(query, organisationId)
    .where('membership.role', '=', 'admin')
    .where('person.disabled_at', 'is', null)
    .where('person.id', '!=', personId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Changes a member's role. */
export async function updateRole(
  query: Query,
  { organisation_id, person_id, role }: Pick<MembershipTable, 'organisation_id' | 'person_id' | 'role'>,
): Promise<void> {
  await query
    .updateTable('membership')
    .set({ role })
    .where('organisation_id', '=', organisation_id)
    .where('person_id', '=', person_id)
    .execute();
  announceAccessChange(query);
}

/** Ends a membership. */
export async function deleteMembership(query: Query, organisationId: string, personId: string): Promise<void> {
  await query
    .deleteFrom('membership')
    .where('organisation_id', '=', organisationId)
    .where('person_id', '=', personId)
    .execute();
  announceAccessChange(query);
}

/** Changes a person. */
export async function updatePerson(
  query: Query,
  personId: string,
  changes: Partial<Pick<PersonTable, 'name' | 'password_hash' | 'disabled_at'>>,
): Promise<void> {
  await query.updateTable('person').set(changes).where('id', '=', personId).execute();
  if (changes.disabled_at !== undefined) announceAccessChange(query);
}

/** Records a session. */
export async function insertSession(query: Query, row: SessionRow): Promise<void> {
  await query.insertInto('session').values(row).execute();
}

/** A member behind a session. `mustEnrol`: the organisation demands a second factor, and the session rests on a password alone. */
export type SessionMember = MemberRow & { readonly mustEnrol: boolean };

/** The person behind a session that is neither revoked nor expired, if they are an enabled member. */
export async function findSessionMember(
  query: Query,
  { sessionId, organisationId, now }: { sessionId: string; organisationId: string; now: number },
): Promise<{ session: SessionRow; member: SessionMember | undefined } | undefined> {
  const session = await query
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person_id')
    .where('session.id', '=', sessionId)
    .where('session.expires_at', '>', now)
    .where('session.revoked_at', 'is', null)
    .where('person.disabled_at', 'is', null)
    .selectAll('session')
    .executeTakeFirst();
  if (!session) return undefined;
  const found = await members(query, organisationId)
    .innerJoin('organisation', 'organisation.id', 'membership.organisation_id')
    .select('organisation.second_factor')
    .where('person.id', '=', session.person_id)
    .executeTakeFirst();
  if (!found) return { session, member: undefined };
  const { second_factor: rule, ...member } = found;
  return { session, member: { ...member, mustEnrol: rule === 'required' && session.second_factor_at === null } };
}

/** Those of the sessions with these ids that hold, with what their people are in the organisation. */
export async function listSessionMembers(
  query: Query,
  { organisationId, ids, now }: { organisationId: string; ids: readonly string[]; now: number },
): Promise<{ session_id: string; person_id: string; role: MemberRow['role'] }[]> {
  return query
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person_id')
    .innerJoin('membership', 'membership.person_id', 'session.person_id')
    .innerJoin('organisation', 'organisation.id', 'membership.organisation_id')
    .select(['session.id as session_id', 'session.person_id', 'membership.role'])
    .where('membership.organisation_id', '=', organisationId)
    .where(({ eb, or }) =>
      or([eb('organisation.second_factor', '=', 'optional'), eb('session.second_factor_at', 'is not', null)]),
    )
    .where('session.id', 'in', ids)
    .where('session.expires_at', '>', now)
    .where('session.revoked_at', 'is', null)
    .where('person.disabled_at', 'is', null)
    .execute();
}

/** Whose sessions somebody may see and end: their own, and as an admin those of people of this organisation alone. */
export interface SessionReach {
  readonly organisationId: string;
  readonly personId: string;
  readonly isAdmin: boolean;
}

/** A session within reach, in force or not. */
export async function findSessionWithin(
  query: Query,
  reach: SessionReach,
  sessionId: string,
): Promise<SessionRow | undefined> {
  return sessionsWithin(query, reach).where('session.id', '=', sessionId).executeTakeFirst();
}

/** Sessions in force within reach, newest first. */
export async function listSessions(query: Query, reach: SessionReach, now: number): Promise<SessionRow[]> {
  return sessionsWithin(query, reach)
    .where('session.revoked_at', 'is', null)
    .where('session.expires_at', '>', now)
    .orderBy('session.id', 'desc')
    .execute();
}

function sessionsWithin(query: Query, { organisationId, personId, isAdmin }: SessionReach) {
  return query
    .selectFrom('session')
    .innerJoin('membership', 'membership.person_id', 'session.person_id')
    .where('membership.organisation_id', '=', organisationId)
    .$if(!isAdmin, (members) => members.where('session.person_id', '=', personId))
    .where((row) =>
      row.or([
        row('session.person_id', '=', personId),
        // A session counts in all organisations of its person: none of their admins may watch or end it for the others.
        row.not(
          row.exists(
            row
              .selectFrom('membership as elsewhere')
              .select('elsewhere.person_id')
              .whereRef('elsewhere.person_id', '=', 'session.person_id')
              .where('elsewhere.organisation_id', '!=', organisationId),
          ),
        ),
      ]),
    )
    .selectAll('session');
}

/** Revokes a session. Whether it was in force. */
export async function revokeSession(query: Query, sessionId: string, now: number): Promise<boolean> {
  const result = await query
    .updateTable('session')
    .set({ revoked_at: now })
    .where('id', '=', sessionId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  announceAccessChange(query);
  return result.numUpdatedRows === 1n;
}

/** Revokes all sessions of a person, but not `keptId`. */
export async function revokeSessionsOf(
  query: Query,
  { personId, keptId, now }: { personId: string; keptId: string | undefined; now: number },
): Promise<void> {
  await query
    .updateTable('session')
    .set({ revoked_at: now })
    .where('person_id', '=', personId)
    .where('revoked_at', 'is', null)
    .$if(keptId !== undefined, (open) => open.where('id', '!=', keptId ?? ''))
    .execute();
  announceAccessChange(query);
}

/** Removes sessions that expired before `before`; the audit log keeps their ids. */
export async function deleteExpiredSessions(query: Query, before: number): Promise<void> {
  await query.deleteFrom('session').where('expires_at', '<', before).execute();
}

/** Records an API key. */
export async function insertApiKey(query: Query, row: ApiKeyRow): Promise<void> {
  await query.insertInto('api_key').values(row).execute();
}

/** The keys of an organisation that are not revoked, oldest first. */
export async function listApiKeys(query: Query, organisationId: string): Promise<ApiKeyRow[]> {
  return query
    .selectFrom('api_key')
    .where('organisation_id', '=', organisationId)
    .where('revoked_at', 'is', null)
    .selectAll()
    .orderBy('id')
    .execute();
}

/** A key with what its maker is at present; `maker` is undefined for a key that the server made. */
export type HeldApiKey = ApiKeyRow & {
  readonly maker: { readonly role: MemberRow['role'] | null; readonly disabled: boolean } | undefined;
};

/** The key with this hash that is neither revoked nor expired, of whichever organisation. */
export async function findApiKey(
  query: Query,
  { secretHash, now }: { secretHash: string; now: number },
): Promise<HeldApiKey | undefined> {
  const found = await heldApiKeys(query, now).where('api_key.secret_hash', '=', secretHash).executeTakeFirst();
  return found && describeHeld(found);
}

/** Those of the keys with these ids that are neither revoked nor expired. */
export async function listHeldApiKeys(
  query: Query,
  { organisationId, ids, now }: { organisationId: string; ids: readonly string[]; now: number },
): Promise<HeldApiKey[]> {
  const rows = await heldApiKeys(query, now)
    .where('api_key.organisation_id', '=', organisationId)
    .where('api_key.id', 'in', ids)
    .execute();
  return rows.map(describeHeld);
}

function heldApiKeys(query: Query, now: number) {
  return query
    .selectFrom('api_key')
    .leftJoin('person', 'person.id', 'api_key.created_by')
    .leftJoin('membership', (join) =>
      join
        .onRef('membership.person_id', '=', 'api_key.created_by')
        .onRef('membership.organisation_id', '=', 'api_key.organisation_id'),
    )
    .where('api_key.revoked_at', 'is', null)
    .where(({ eb, or }) => or([eb('api_key.expires_at', 'is', null), eb('api_key.expires_at', '>', now)]))
    .selectAll('api_key')
    .select(['membership.role as maker_role', 'person.disabled_at as maker_disabled_at']);
}

type HeldRow = ApiKeyRow & {
  readonly maker_role: MemberRow['role'] | null;
  readonly maker_disabled_at: number | null;
};

function describeHeld({ maker_role: role, maker_disabled_at: disabledAt, ...row }: HeldRow): HeldApiKey {
  return { ...row, maker: row.created_by === null ? undefined : { role, disabled: disabledAt !== null } };
}

/** The person who made a key, or the one who made the key that made it; null for the server. */
export async function findMakerOf(query: Query, apiKeyId: string): Promise<string | null> {
  const row = await query.selectFrom('api_key').select('created_by').where('id', '=', apiKeyId).executeTakeFirst();
  return row?.created_by ?? null;
}

/** Notes the use of a key, unless a use after `staleBefore` is noted: many requests cost one write. */
export async function touchApiKey(
  query: Query,
  { id, now, staleBefore }: { id: string; now: number; staleBefore: number },
): Promise<void> {
  await query
    .updateTable('api_key')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where(({ eb, or }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', staleBefore)]))
    .execute();
}

/** Revokes a key of the organisation. Whether there was one in force. */
export async function revokeApiKey(
  query: Query,
  { id, organisationId, now }: { id: string; organisationId: string; now: number },
): Promise<boolean> {
  const result = await query
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('organisation_id', '=', organisationId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  announceAccessChange(query);
  return result.numUpdatedRows === 1n;
}

/** Revokes every session of everybody. */
export async function revokeAllSessions(query: Query, now: number): Promise<void> {
  await query.updateTable('session').set({ revoked_at: now }).where('revoked_at', 'is', null).execute();
  announceAccessChange(query);
}
