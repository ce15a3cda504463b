/** The authority that is besieged: opened again by each process, with the books that say what was damaged on purpose. */
import { type Kysely, sql } from 'kysely';
import { systemActor } from '../../../src/audit/audit.ts';
import { checkConsistency } from '../../../src/pki/consistency/consistency.ts';
import { WeakKeys } from '../../../src/pki/profiles/weak-keys.ts';
import { openRevocation } from '../../../src/pki/revocation/revocation.ts';
import type { Database } from '../../../src/storage/database.ts';
import type { Schema } from '../../../src/storage/schema.ts';
import { Vault } from '../../../src/vault/vault.ts';
import { silentLog } from '../../silent-log.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { masterPassword } from '../../vault/opened-vault.ts';

/** The clock of the siege stands still; notices are told under clocks of their own. */
export const siegeTime: number = Date.parse('2026-11-21T09:00:00Z');

/** How often each certificate was damaged on purpose, in a table beside those of the product. */
interface Damage {
  readonly certificate_id: string;
  readonly count: number;
}

/** The books of damage; the first process makes the table. */
export function damageOf(query: Kysely<Schema>): Kysely<Schema & { siege_damage: Damage }> {
  return query.withTables<{ siege_damage: Damage }>();
}

/** Makes the table for what is damaged. */
export async function createDamage({ query }: Database): Promise<void> {
  await sql`create table siege_damage (certificate_id text primary key, count integer not null)`.execute(query);
}

/** The authorities of `createRevocationScene` on a database that has them. */
export async function joinSiege(database: Database) {
  const now = () => siegeTime;
  const vault = await Vault.open(database, now, { cost: cheapCost });
  await vault.unlock(masterPassword);
  const { query } = database;
  const { id: organisationId } = await query.selectFrom('organisation').select('id').executeTakeFirstOrThrow();
  const own = {
    database,
    vault,
    now,
    weakKeys: new WeakKeys(),
    pkiUrl: 'http://pki.example',
    passphraseCost: cheapCost,
  };
  const revocation = openRevocation({ ...own, log: silentLog });
  const parts = { ...own, ...revocation, log: silentLog };
  const caller = { organisationId, actor: systemActor };
  const forgetLists = (id: string) => parts.statusAnswers.forgetLists(id);
  const repair = (wanted: boolean) => checkConsistency({ ...parts, forgetLists }, caller, { repair: wanted });
  return { parts, caller, repair };
}
