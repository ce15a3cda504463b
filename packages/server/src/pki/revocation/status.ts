/** How an authority stands with what it says about revocation: what is published, and what runs out. */
import type { AuthorityParts } from '../authorities/authority.ts';
import { requireAuthority } from '../authorities/authority.ts';
import { isBehind } from './lists/publish.ts';
import { findResponder } from './ocsp/store.ts';
import { listListFacts, listPublishing, type PublishingRow } from './store.ts';
import { judgeRevocation, type RevocationFacts, type RevocationTrouble } from './troubles.ts';

type StatusParts = Pick<AuthorityParts, 'database' | 'now'>;

/** What is published. */
export interface RevocationStatus extends RevocationFacts {
  readonly authorityId: string;
  /** What somebody has to do, in words; empty when nothing. */
  readonly warnings: readonly string[];
}

/** The status of the authority `name`. Throws `not_found`. */
export async function describeRevocation(
  parts: StatusParts,
  organisationId: string,
  name: string,
): Promise<RevocationStatus> {
  const row = await requireAuthority(parts.database.query, organisationId, name);
  const facts = await readFacts(parts, row);
  const warnings = judgeRevocation(facts, parts.now()).map(({ message }) => message);
  return { authorityId: row.id, ...facts, warnings };
}

/** An authority that somebody has to look after. */
export interface TroubledAuthority {
  readonly name: string;
  readonly custody: RevocationFacts['custody'];
  readonly troubles: readonly RevocationTrouble[];
}

/** The authorities of an organisation that still say what they revoked, each with what is to be done for it. */
export async function listRevocationTroubles(
  parts: StatusParts,
  organisationId: string,
): Promise<readonly TroubledAuthority[]> {
  const authorities: TroubledAuthority[] = [];
  for (const row of await listPublishing(parts.database.query, parts.now(), organisationId)) {
    const { name, custody } = row;
    authorities.push({ name, custody, troubles: judgeRevocation(await readFacts(parts, row), parts.now()) });
  }
  return authorities;
}

async function readFacts(
  parts: StatusParts,
  { id, custody }: Pick<PublishingRow, 'id' | 'custody'>,
): Promise<RevocationFacts> {
  const { query } = parts.database;
  const responder = await findResponder(query, id, parts.now());
  return {
    ...{ custody, lists: await listListFacts(query, id) },
    behind: await isBehind(parts, id),
    responderUntil: responder?.not_after ?? null,
  };
}
