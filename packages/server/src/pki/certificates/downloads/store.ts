/** SQL of passwords that wait to be shown. */
import type { Transaction } from 'kysely';
import type { Query } from '../../../storage/database.ts';
import type { Schema } from '../../../storage/schema.ts';

/** Keeps a sealed password for a certificate that has none. */
export async function keepSealedPassword(tx: Transaction<Schema>, id: string, sealed: string): Promise<void> {
  await tx
    .updateTable('certificate')
    .set({ sealed_password: sealed })
    .where('id', '=', id)
    .where('sealed_password', 'is', null)
    .execute();
}

/** Forgets the password of a certificate. */
export async function forgetSealedPassword(tx: Transaction<Schema>, id: string): Promise<void> {
  await tx.updateTable('certificate').set({ sealed_password: null }).where('id', '=', id).execute();
}

/** How many certificates of the whole server have their private keys here, sealed. */
export async function countSealedKeys(query: Query): Promise<number> {
  const { count } = await query
    .selectFrom('certificate')
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('sealed_key', 'is not', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}
