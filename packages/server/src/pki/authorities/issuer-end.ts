/** How long what an authority issues now can last at most: what ends then is not renewed for nothing. */
import { Refusal } from '../../errors.ts';
import { type AuthorityParts, AuthorityTree } from './authority.ts';
import { findIssuing } from './succession.ts';

/**
 * The end of the certificate under which `name`, or whoever took over from it, issues now, Unix ms; undefined when nothing can
 * be issued. Throws `not_found`.
 */
export async function findIssuerEnd(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  organisationId: string,
  name: string,
): Promise<number | undefined> {
  const row = await findIssuing(database.query, organisationId, name).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'conflict') return undefined;
    throw error;
  });
  if (!row) return undefined;
  const tree = await AuthorityTree.recall(database.query, organisationId);
  return tree.listChains(row, now())[0]?.[0]?.certificate.notAfter;
}
