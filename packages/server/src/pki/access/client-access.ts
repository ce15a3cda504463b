/** Rules by which client certificates of an authority reach the API, as API keys do. */
import type { Scope } from '@signpost/protocol/updates/names';
import { findAnswerable } from '../../accounts/api-keys.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Verb } from '../../http/context.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { violationOf } from '../../storage/violation.ts';
import { requireAuthority } from '../authorities/authority.ts';
import type { ClientMatch } from './match.ts';
import { insertAccess, type NamedAccessRow, removeAccess } from './store.ts';

/** What rules are kept with. */
export interface AccessParts {
  readonly database: Database;
  readonly now: () => number;
}

/** A rule to be made. */
export interface NewClientAccess {
  readonly name: string;
  /** The name of the authority whose certificates may match. */
  readonly authority: string;
  readonly match: ClientMatch;
  readonly scope: Scope;
  readonly verbs: readonly Verb[];
  /** Unix milliseconds; null for a rule that does not expire. */
  readonly expiresAt: number | null;
}

/**
 * Makes a rule. Throws `not_found` for the authority; `conflict` for one that is revoked or has no certificate yet, and when a
 * rule with this match is there; `forbidden` for a caller who came with a certificate.
 */
export async function createAccess(
  { database, now }: AccessParts,
  caller: Caller,
  wish: NewClientAccess,
): Promise<NamedAccessRow> {
  return database.transaction(async (transaction) => {
    const authority = await requireAuthority(transaction, caller.organisationId, wish.authority);
    if (authority.state === 'revoked' || authority.state === 'pending') {
      throw new Refusal('conflict', `the authority ${authority.name} is ${authority.state}`, {
        rule: 'authority-state',
      });
    }
    const at = now();
    const row = {
      id: createId(at),
      organisation_id: caller.organisationId,
      name: wish.name,
      authority_id: authority.id,
      ...wish.match,
      scope: wish.scope,
      verbs: JSON.stringify(wish.verbs),
      created_by: await findAnswerable(transaction, caller.actor),
      created_at: at,
      expires_at: wish.expiresAt,
      last_used_at: null,
      revoked_at: null,
    };
    await insertAccess(transaction, row).catch((cause: unknown) => {
      throw violationOf(cause) === 'unique' ? refuseSecond(cause) : cause;
    });
    await recordAudit(transaction, at, {
      ...caller,
      action: 'client_access.created',
      object: { kind: 'client-access', id: row.id },
      detail: {
        ...{ name: row.name, authority: authority.name, [row.match_kind]: row.match_value },
        ...{ scope: row.scope, verbs: wish.verbs.join(' '), expires_at: row.expires_at },
      },
    });
    return { ...row, authority: authority.name };
  });
}

/** Removes a rule of the caller's organisation, at once. Throws `not_found` when there is none in force. */
export async function removeClientAccess({ database, now }: AccessParts, caller: Caller, id: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const at = now();
    if (!(await removeAccess(transaction, { id, organisationId: caller.organisationId, now: at }))) {
      throw new Refusal('not_found', 'there is no such rule');
    }
    await recordAudit(transaction, at, {
      ...caller,
      action: 'client_access.removed',
      object: { kind: 'client-access', id },
    });
  });
}

function refuseSecond(cause: unknown): Refusal {
  return new Refusal('conflict', 'a rule with this match is there already', {
    rule: 'access-exists',
    hint: 'signpost access list; remove it first, also when it has expired',
    cause,
  });
}
