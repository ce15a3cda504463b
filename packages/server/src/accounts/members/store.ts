/** SQL of the list of members. */
import type { Database, Query } from '../../storage/database.ts';
import { type ListPage, rowsToRead } from '../../storage/pages.ts';
import { holdsText } from '../../storage/text-search.ts';
import type { MemberRow } from '../store.ts';

/** Which members are wanted; `after` is the address of the last one seen. */
export interface MemberFilter extends ListPage {
  readonly organisationId: string;
}

/** The members of an organisation, by address, whose name or address holds `search`. */
export async function searchMembers({ query, engine }: Database, filter: MemberFilter): Promise<MemberRow[]> {
  const { organisationId, search, after } = filter;
  let rows = query
    .selectFrom('membership')
    .innerJoin('person', 'person.id', 'membership.person_id')
    .where('membership.organisation_id', '=', organisationId)
    .selectAll('person')
    .select('membership.role')
    .orderBy('person.email');
  if (search !== undefined) {
    rows = rows.where(({ or, ref }) =>
      or([ref('person.name'), ref('person.email')].map((value) => holdsText(value, { engine, search }))),
    );
  }
  if (after !== undefined) rows = rows.where('person.email', '>', after);
  const count = rowsToRead(filter);
  return (count === undefined ? rows : rows.limit(count)).execute();
}

/** How many members who may act have no second factor. */
export async function countWithoutFactor(query: Query, organisationId: string): Promise<number> {
  const row = await query
    .selectFrom('membership')
    .innerJoin('person', 'person.id', 'membership.person_id')
    .where('membership.organisation_id', '=', organisationId)
    .where('person.disabled_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('totp_factor')
            .select('totp_factor.person_id')
            .whereRef('totp_factor.person_id', '=', 'person.id')
            .where('totp_factor.confirmed_at', 'is not', null),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('passkey').select('passkey.person_id').whereRef('passkey.person_id', '=', 'person.id'))),
    )
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
