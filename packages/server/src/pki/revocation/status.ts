/** How an authority stands with what it says about revocation: what is published, and what runs out. */
import type { AuthorityParts } from '../authorities/authority.ts';
import { requireAuthority } from '../authorities/authority.ts';
import { isBehind } from './lists/publish.ts';
import { findResponder } from './ocsp/store.ts';
import { warningMs } from './periods.ts';
import { type ListFacts, listListFacts } from './store.ts';

/** What is published. */
export interface RevocationStatus {
  readonly authorityId: string;
  readonly custody: 'dual' | 'server' | 'offline';
  readonly lists: readonly ListFacts[];
  /** Whether certificates were revoked or released since the newest list. */
  readonly behind: boolean;
  /** Until when there is a key that answers by OCSP, Unix ms; null when there is none now. */
  readonly responderUntil: number | null;
  /** What somebody has to do, in words; empty when nothing. */
  readonly warnings: readonly string[];
}

/** The status of the authority `name`. Throws `not_found`. */
export async function describeRevocation(
  parts: Pick<AuthorityParts, 'database' | 'now'>,
  organisationId: string,
  name: string,
): Promise<RevocationStatus> {
  const { query } = parts.database;
  const row = await requireAuthority(query, organisationId, name);
  const lists = await listListFacts(query, row.id);
  const responder = await findResponder(query, row.id, parts.now());
  const status = {
    ...{ authorityId: row.id, custody: row.custody, lists },
    behind: await isBehind(parts, row.id),
    responderUntil: responder?.not_after ?? null,
  };
  return { ...status, warnings: row.custody === 'server' ? [] : listWarnings(status, parts.now()) };
}

/** Only what does not renew itself needs somebody. */
function listWarnings(
  { custody, lists, behind, responderUntil }: Omit<RevocationStatus, 'warnings'>,
  now: number,
): string[] {
  const complete = lists.find(({ kind, part }) => kind === 'complete' && part === '');
  const act = custody === 'dual' ? 'publish it with the passphrase' : 'import one that the offline machine made';
  const warnings: string[] = [];
  if (!complete) warnings.push(`no revocation list is published: ${act}`);
  else if (behind) warnings.push(`the revocation list does not hold what was revoked since: ${act}`);
  else if (complete.next_update - now < warningMs) {
    warnings.push(`the revocation list ends ${new Date(complete.next_update).toISOString()}: ${act}`);
  }
  if (custody === 'dual' && (responderUntil === null || responderUntil - now < warningMs)) {
    const end =
      responderUntil === null ? 'nobody answers by OCSP' : `OCSP ends ${new Date(responderUntil).toISOString()}`;
    warnings.push(`${end}: publish the list with the passphrase`);
  }
  return warnings;
}
