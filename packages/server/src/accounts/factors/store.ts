/** The SQL of second factors: authenticator apps, passkeys, recovery codes. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { PasskeyTable, RecoveryCodeTable, TotpFactorTable } from '../../storage/tables/factors.ts';
import { announceAccessChange } from '../access-changes.ts';

/** A stored authenticator app. */
export type TotpRow = Selectable<TotpFactorTable>;
/** A stored passkey. */
export type PasskeyRow = Selectable<PasskeyTable>;

/** The authenticator app of a person, confirmed or not. */
export async function findTotp(query: Query, personId: string): Promise<TotpRow | undefined> {
  return query.selectFrom('totp_factor').where('person_id', '=', personId).selectAll().executeTakeFirst();
}

/** Puts an app in the place of one that was never confirmed. Throws a unique violation beside a confirmed one. */
export async function replaceUnconfirmedTotp(query: Query, row: TotpRow): Promise<void> {
  await query
    .deleteFrom('totp_factor')
    .where('person_id', '=', row.person_id)
    .where('confirmed_at', 'is', null)
    .execute();
  await query.insertInto('totp_factor').values(row).execute();
}

/** Notes that the code of `step` was taken. Whether it was a later one than the last: no code is taken twice. */
export async function takeTotpStep(
  query: Query,
  { personId, step, confirmedAt }: { personId: string; step: number; confirmedAt: number },
): Promise<boolean> {
  const result = await query
    .updateTable('totp_factor')
    .set({ last_step: step, failures: 0, failed_at: null, confirmed_at: confirmedAt })
    .where('person_id', '=', personId)
    .where('last_step', '<', step)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Counts one wrong code more. */
export async function countTotpFailure(query: Query, personId: string, now: number): Promise<void> {
  await query
    .updateTable('totp_factor')
    .set((row) => ({ failures: row('failures', '+', 1), failed_at: now }))
    .where('person_id', '=', personId)
    .execute();
}

/** Removes the authenticator app of a person. Whether there was one, confirmed or not. */
export async function deleteTotp(query: Query, personId: string): Promise<boolean> {
  const result = await query.deleteFrom('totp_factor').where('person_id', '=', personId).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Removes every authenticator app of everybody, and the recovery codes of those who have no passkey beside it. */
export async function deleteAllTotp(query: Query): Promise<void> {
  await query.deleteFrom('totp_factor').execute();
  await query
    .deleteFrom('recovery_code')
    .where('person_id', 'not in', (people) => people.selectFrom('passkey').select('passkey.person_id'))
    .execute();
}

/** Who has a confirmed authenticator app. */
export async function listTotpHolders(query: Query): Promise<string[]> {
  const rows = await query
    .selectFrom('totp_factor')
    .select('person_id')
    .where('confirmed_at', 'is not', null)
    .execute();
  return rows.map(({ person_id }) => person_id);
}

/** How many confirmed authenticator apps there are. */
export async function countTotp(query: Query): Promise<number> {
  const row = await query
    .selectFrom('totp_factor')
    .where('confirmed_at', 'is not', null)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Throws a unique violation when the credential is registered. */
export async function insertPasskey(query: Query, row: PasskeyRow): Promise<void> {
  await query.insertInto('passkey').values(row).execute();
}

/** The passkeys of a person, oldest first, suspended ones included. */
export async function listPasskeys(query: Query, personId: string): Promise<PasskeyRow[]> {
  return query.selectFrom('passkey').where('person_id', '=', personId).selectAll().orderBy('id').execute();
}

/** The passkey of this credential, of whomever. */
export async function findPasskeyByCredential(query: Query, credentialId: string): Promise<PasskeyRow | undefined> {
  return query.selectFrom('passkey').where('credential_id', '=', credentialId).selectAll().executeTakeFirst();
}

/**
 * Notes a use with the counter that the authenticator showed. Whether the passkey still held: false when it is gone or suspended, or its counter
 * did not grow (WebAuthn, 7.2, step 22; authenticators without a counter always show 0).
 */
export async function takePasskeyUse(
  query: Query,
  { id, signCount, now }: { id: string; signCount: number; now: number },
): Promise<boolean> {
  const result = await query
    .updateTable('passkey')
    .set({ sign_count: signCount, last_used_at: now })
    .where('id', '=', id)
    .where('suspended_at', 'is', null)
    .where(({ eb, or, and }) =>
      or([eb('sign_count', '<', signCount), and([eb('sign_count', '=', 0), eb.lit(signCount === 0)])]),
    )
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Suspends a passkey. Whether it was not suspended. */
export async function suspendPasskey(query: Query, id: string, now: number): Promise<boolean> {
  const result = await query
    .updateTable('passkey')
    .set({ suspended_at: now })
    .where('id', '=', id)
    .where('suspended_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Renames a passkey of the person. Whether there is one. */
export async function renamePasskey(
  query: Query,
  { id, personId, name }: { id: string; personId: string; name: string },
): Promise<boolean> {
  const result = await query
    .updateTable('passkey')
    .set({ name })
    .where('id', '=', id)
    .where('person_id', '=', personId)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Removes a passkey of the person. Whether there was one. */
export async function deletePasskey(
  query: Query,
  { id, personId }: { id: string; personId: string },
): Promise<boolean> {
  const result = await query
    .deleteFrom('passkey')
    .where('id', '=', id)
    .where('person_id', '=', personId)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Removes all passkeys of a person. */
export async function deletePasskeysOf(query: Query, personId: string): Promise<void> {
  await query.deleteFrom('passkey').where('person_id', '=', personId).execute();
}

/** Puts these codes in the place of all that the person has; none removes them. */
export async function replaceRecoveryCodes(
  query: Query,
  personId: string,
  rows: readonly RecoveryCodeTable[],
): Promise<void> {
  await query.deleteFrom('recovery_code').where('person_id', '=', personId).execute();
  if (rows.length > 0) await query.insertInto('recovery_code').values(rows).execute();
}

/** Takes a code. Whether the person had it and nobody had taken it. */
export async function takeRecoveryCode(
  query: Query,
  { personId, codeHash, now }: { personId: string; codeHash: string; now: number },
): Promise<boolean> {
  const result = await query
    .updateTable('recovery_code')
    .set({ used_at: now })
    .where('person_id', '=', personId)
    .where('code_hash', '=', codeHash)
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** How many codes of a person are left. */
export async function countRecoveryCodes(query: Query, personId: string): Promise<number> {
  const row = await query
    .selectFrom('recovery_code')
    .where('person_id', '=', personId)
    .where('used_at', 'is', null)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Those of an organisation's members, or of some of them, who have a second factor, by id. */
export async function listFactorHolders(
  query: Query,
  organisationId: string,
  among?: readonly string[],
): Promise<ReadonlySet<string>> {
  if (among?.length === 0) return new Set();
  const rows = await query
    .selectFrom('membership')
    .where('organisation_id', '=', organisationId)
    .$if(among !== undefined, (members) => members.where('person_id', 'in', among ?? []))
    .where(({ or, exists, selectFrom }) =>
      or([
        exists(
          selectFrom('totp_factor')
            .select('totp_factor.person_id')
            .whereRef('totp_factor.person_id', '=', 'membership.person_id')
            .where('totp_factor.confirmed_at', 'is not', null),
        ),
        exists(
          selectFrom('passkey').select('passkey.person_id').whereRef('passkey.person_id', '=', 'membership.person_id'),
        ),
      ]),
    )
    .select('person_id')
    .execute();
  return new Set(rows.map(({ person_id }) => person_id));
}

/** Notes that a second factor was given in a session, or with null that it rests on the password alone. */
export async function noteSecondFactor(query: Query, sessionId: string, at: number | null): Promise<void> {
  await query.updateTable('session').set({ second_factor_at: at }).where('id', '=', sessionId).execute();
  announceAccessChange(query);
}

/** When a second factor was last given in a session; null for never. */
export async function findSecondFactorTime(query: Query, sessionId: string): Promise<number | null> {
  const row = await query
    .selectFrom('session')
    .select('second_factor_at')
    .where('id', '=', sessionId)
    .executeTakeFirst();
  return row?.second_factor_at ?? null;
}
