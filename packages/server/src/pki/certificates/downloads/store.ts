/** SQL of passwords that wait to be shown. */
import type { Transaction } from 'kysely';
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
