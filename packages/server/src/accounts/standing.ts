/** What principals may do now, many at a time: for connections that were opened when they might do something else. */
import type { Principal } from '../http/context.ts';
import type { Query } from '../storage/database.ts';
import { listVerbsInForce } from './api-keys.ts';
import { listHeldApiKeys, listSessionMembers } from './store.ts';

/** Ids in one statement. */
const pageSize = 500;

/** Sessions and API keys by their ids. */
export interface StandingAsked {
  readonly organisationId: string;
  readonly sessionIds: readonly string[];
  readonly apiKeyIds: readonly string[];
  readonly now: number;
}

/**
 * The principals behind those of the sessions and API keys that hold in the organisation, by the id of session or key;
 * whoever is missing does not hold any more.
 */
export async function listStanding(
  query: Query,
  { organisationId, sessionIds, apiKeyIds, now }: StandingAsked,
): Promise<Map<string, Principal>> {
  const standing = new Map<string, Principal>();
  for (const ids of pagesOf(sessionIds)) {
    for (const { session_id: sessionId, person_id: personId, role } of await listSessionMembers(query, {
      ...{ organisationId, ids, now },
    })) {
      standing.set(sessionId, { kind: 'person', personId, sessionId, role });
    }
  }
  for (const ids of pagesOf(apiKeyIds)) {
    for (const key of await listHeldApiKeys(query, { organisationId, ids, now })) {
      const verbs = listVerbsInForce(key);
      if (verbs.length > 0) standing.set(key.id, { kind: 'api-key', apiKeyId: key.id, verbs, scope: key.scope });
    }
  }
  return standing;
}

function* pagesOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += pageSize) yield ids.slice(at, at + pageSize);
}
