/** Members in pages. */
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { cutPage, type ListPage } from '../../storage/pages.ts';
import { findMember, type MemberRow } from '../store.ts';
import { searchMembers } from './store.ts';

/** Members by address, and the id that the next page comes after. Throws `invalid` when `after` is no member's id. */
export async function readMemberPage(
  database: Database,
  organisationId: string,
  page: ListPage,
): Promise<{ readonly rows: readonly MemberRow[]; readonly next: string | null }> {
  const after = page.after === undefined ? undefined : await findAddress(database, organisationId, page.after);
  return cutPage(await searchMembers(database, { ...page, organisationId, after }), page, ({ id }) => id);
}

/** Addresses are what the list is ordered by, and stay out of addresses of pages. */
async function findAddress({ query }: Database, organisationId: string, id: string): Promise<string> {
  const member = await findMember(query, organisationId, id);
  if (member) return member.email;
  throw new Refusal('invalid', 'expected the id of a member in after', {
    rule: 'unknown-place',
    hint: 'ask for the first page again: whoever stood there may have left',
  });
}
