/** What somebody may hear now: a role, a session or a key may have changed since they asked. */
import { listStanding } from '../../accounts/standing.ts';
import { Refusal } from '../../errors.ts';
import type { Principal } from '../../http/context.ts';
import type { Database } from '../../storage/database.ts';
import type { KeyHolder } from '../keys/session-keys.ts';

/** What is looked at. */
export interface StandingParts {
  readonly database: Database;
  readonly now: () => number;
}

/** The principal behind a session or API key as it stands now. Throws `unauthenticated` when that does not hold any more. */
export async function requireStanding({ database, now }: StandingParts, holder: KeyHolder): Promise<Principal> {
  const { organisationId, kind, id } = holder;
  const ids = { sessionIds: kind === 'session' ? [id] : [], apiKeyIds: kind === 'api-key' ? [id] : [] };
  const standing = await listStanding(database.query, { organisationId, ...ids, now: now() });
  const principal = standing.get(id);
  if (principal) return principal;
  throw new Refusal('unauthenticated', 'this session does not hold');
}
