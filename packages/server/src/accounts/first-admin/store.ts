/** The SQL of the link by which the first admin is made. */
import type { Query } from '../../storage/database.ts';

/** Puts a link in the place of the one before, used or not. */
export async function replaceSetupLink(
  query: Query,
  link: { readonly tokenHash: string; readonly createdAt: number; readonly expiresAt: number },
): Promise<void> {
  await query.deleteFrom('setup_link').execute();
  await query
    .insertInto('setup_link')
    .values({
      ...{ id: 1, token_hash: link.tokenHash, created_at: link.createdAt, expires_at: link.expiresAt },
      used_at: null,
    })
    .execute();
}

/** Whether there is a link that was not used and has not ended: any, or the one of this hash. */
export async function hasOpenSetupLink(
  query: Query,
  { tokenHash, now }: { tokenHash?: string; now: number },
): Promise<boolean> {
  const row = await query
    .selectFrom('setup_link')
    .select('id')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .$if(tokenHash !== undefined, (links) => links.where('token_hash', '=', tokenHash ?? ''))
    .executeTakeFirst();
  return row !== undefined;
}

/** Uses the link of this hash up. Whether it was open: of those who come with it at once, one hears yes. */
export async function takeSetupLink(
  query: Query,
  { tokenHash, now }: { tokenHash: string; now: number },
): Promise<boolean> {
  const result = await query
    .updateTable('setup_link')
    .set({ used_at: now })
    .where('token_hash', '=', tokenHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Whether anybody was ever made on this server. */
export async function hasPeople(query: Query): Promise<boolean> {
  return (await query.selectFrom('person').select('id').limit(1).executeTakeFirst()) !== undefined;
}
