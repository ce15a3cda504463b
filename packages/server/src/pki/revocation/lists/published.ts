/** Lists that are published: by the names that addresses have for them, and made on the spot where there is none yet. */
import { Refusal } from '../../../errors.ts';
import type { AuthorityParts } from '../../authorities/authority.ts';
import type { AuthorityRow } from '../../authorities/store.ts';
import { findList, type RevocationListRow } from '../store.ts';
import type { ListPublisher } from './publisher.ts';

/** Which list. */
export interface ListKind {
  readonly kind: RevocationListRow['kind'];
  /** Empty: of all certificates. */
  readonly part: string;
}

/** Which list, and in what form. */
export interface ListName extends ListKind {
  readonly format: 'der' | 'pem';
}

/** The list that the last segment of an address names; `undefined` when it names none. */
export function parseListName(text: string): ListName | undefined {
  const [, delta, part, suffix] = /^(?:(delta)|([1-9][0-9]{0,2}-[0-9]{1,3}))(\.pem)?$/.exec(text) ?? [];
  const format = suffix ? 'pem' : 'der';
  if (delta) return { kind: 'delta', part: '', format };
  return part === undefined ? undefined : { kind: 'complete', part, format };
}

interface PublishedParts extends Pick<AuthorityParts, 'database' | 'vault'> {
  readonly publisher: ListPublisher;
}

/** The newest list of that kind; the first of an authority is made when it is asked for. */
export async function findPublished(
  { database, vault, publisher }: PublishedParts,
  row: AuthorityRow,
  which: ListKind,
): Promise<RevocationListRow | undefined> {
  const list = await findList(database.query, row.id, which);
  const isMakeable = row.custody === 'server' && vault.state === 'unlocked' && which.kind === 'complete';
  if (list || !isMakeable || row.state === 'pending') return list;
  if (which.part !== '') return undefined;
  await publisher.request({ organisationId: row.organisation_id, authorityId: row.id });
  return findList(database.query, row.id, which);
}

/** The same. Throws `not_found` when there is none. */
export async function requirePublished(
  parts: PublishedParts,
  row: AuthorityRow,
  which: ListKind,
): Promise<RevocationListRow> {
  const list = await findPublished(parts, row, which);
  if (list) return list;
  throw new Refusal('not_found', 'no such revocation list is published', { rule: 'no-list' });
}
