/** How authorities end: retired, when they issue nothing more; revoked, when nothing that they issued counts any more. */
import type { RevocationReason } from '@signpost/protocol/x509/revocation-list';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Schema } from '../../storage/schema.ts';
import { announceStatusChange } from '../records/status-changes.ts';
import { type AuthorityParts, requireAuthority } from './authority.ts';
import { readFamily } from './family.ts';
import { forgetIssuers } from './issuer.ts';
import { recordAuthorityAct } from './record.ts';
import {
  type AuthorityRow,
  countValidBelow,
  endAuthorities,
  revokeAuthorityCertificates,
  revokeIssued,
} from './store.ts';

/** Reasons for which an authority is revoked (RFC 5280, 5.3.1); there is no hold for authorities. */
export const authorityRevocationReasons = [
  'unspecified',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;

/** One of them. */
type AuthorityRevocationReason = (typeof authorityRevocationReasons)[number];

/** What the end of an authority takes with it. */
export interface Consequences {
  /** Names of the authorities below that are not ended yet, each before those below it. */
  readonly authorities: readonly string[];
  /** Certificates of all these that are neither revoked nor expired, authorities' own among them. */
  readonly certificates: number;
}

/** Lists what revoking `name` would take with it. Throws `not_found`. */
export async function listConsequences(
  { database, now }: AuthorityParts,
  organisationId: string,
  name: string,
): Promise<Consequences> {
  const row = await requireAuthority(database.query, organisationId, name);
  const { authorities } = await readFamily(database.query, organisationId);
  const below = listBelow(authorities, row);
  const ids = [row, ...below].map(({ id }) => id);
  return {
    authorities: below.map((one) => one.name),
    certificates: await countValidBelow(database.query, { organisationId, ids, at: now() }),
  };
}

/**
 * An authority issues nothing more; what it issued stays valid, and its lists and answers go on. Throws `not_found`, and
 * `conflict` when it has ended already or its key is elsewhere and it issues nothing here.
 */
export async function retireAuthority(parts: AuthorityParts, caller: Caller, name: string): Promise<AuthorityRow> {
  const { database, now } = parts;
  const at = now();
  return database.transaction(async (tx) => {
    const row = await requireAuthority(tx, caller.organisationId, name);
    const change = { ids: [row.id], organisationId: caller.organisationId, at };
    const [retired] = await endAuthorities(tx, change, 'retired');
    if (!retired) throw ended(row);
    forgetIssuers(parts, tx);
    await recordAuthorityAct(tx, caller, { row: retired, at, action: 'authority.retired' });
    return retired;
  });
}

/** What is to be revoked. */
export interface AuthorityRevocation {
  readonly authority: string;
  readonly reason: AuthorityRevocationReason;
  /** Unix ms from which the key is not to be trusted, when that was before now. */
  readonly invalidFrom?: number | undefined;
  /** Revoke all that stands below, too. */
  readonly cascade?: boolean;
}

/**
 * Revokes an authority: its certificates, and with `cascade` all that it and those below it issued. Throws `not_found`;
 * `conflict`, rule `has-valid-children`, naming the consequences, when there are any and no `cascade`; `conflict` when it is
 * revoked already.
 */
export async function revokeAuthority(
  parts: AuthorityParts,
  caller: Caller,
  { authority, reason, invalidFrom, cascade = false }: AuthorityRevocation,
): Promise<AuthorityRow> {
  const { database, now } = parts;
  const at = now();
  if (invalidFrom !== undefined && invalidFrom > at) {
    throw new Refusal('invalid', 'expected a moment that is not in the future', { rule: 'invalid-from' });
  }
  return database.transaction(async (tx) => {
    const row = await requireAuthority(tx, caller.organisationId, authority);
    return revokeAuthorityIn(tx, { parts, caller, at }, { row, reason, invalidFrom, cascade });
  });
}

/** Who revokes, with what, and when. */
export interface RevokingAct {
  readonly parts: Pick<AuthorityParts, 'vault'>;
  readonly caller: Caller;
  readonly at: number;
}

/** The same inside a transaction, as its last act but for what is of the same kind; for any reason that a list may give. */
export async function revokeAuthorityIn(
  tx: Transaction<Schema>,
  { parts, caller, at }: RevokingAct,
  {
    row,
    reason,
    invalidFrom,
    cascade,
  }: Omit<AuthorityRevocation, 'authority' | 'reason'> & {
    readonly row: AuthorityRow;
    readonly reason: RevocationReason;
  },
): Promise<AuthorityRow> {
  const { organisationId } = caller;
  const { authorities } = await readFamily(tx, organisationId);
  const below = listBelow(authorities, row);
  const ids = [row, ...below].map(({ id }) => id);
  const certificates = await countValidBelow(tx, { organisationId, ids, at });
  if (certificates > 0 && !cascade)
    throw hasChildren(row, { authorities: below.map(({ name }) => name), certificates });
  const revocation = { organisationId, ids, at, reason, invalidFrom: invalidFrom ?? null };
  const revoked = await endAuthorities(tx, { organisationId, ids, at }, 'revoked');
  const own = revoked.find(({ id }) => id === row.id);
  if (!own) throw ended(row);
  const count = (await revokeIssued(tx, revocation)) + (await revokeAuthorityCertificates(tx, revocation));
  forgetIssuers(parts, tx);
  // Whoever has cross-signed one of them is among the others.
  for (const { id } of authorities) announceStatusChange(tx, { organisationId, issuerId: id });
  for (const one of [...revoked.filter(({ id }) => id !== row.id), own]) {
    const detail = { reason, certificates: one === own ? count : null };
    await recordAuthorityAct(tx, caller, { row: one, at, action: 'authority.revoked', detail });
  }
  return own;
}

function listBelow(all: readonly AuthorityRow[], top: AuthorityRow): readonly AuthorityRow[] {
  const children = all.filter(({ parent_id }) => parent_id === top.id);
  return children.flatMap((child) => [...(child.state === 'revoked' ? [] : [child]), ...listBelow(all, child)]);
}

function ended({ name, state }: AuthorityRow): Refusal {
  return new Refusal('conflict', `the authority ${name} is ${state} already`, { rule: 'authority-state' });
}

function hasChildren({ name }: AuthorityRow, { authorities, certificates }: Consequences): Refusal {
  const shown = authorities.slice(0, 10).join(', ');
  const named =
    authorities.length === 0 ? '' : `; authorities below it: ${shown}${authorities.length > 10 ? ', …' : ''}`;
  return new Refusal('conflict', `${certificates} certificates under ${name} are valid, and would be revoked${named}`, {
    rule: 'has-valid-children',
    hint: 'with --cascade they are revoked with it',
  });
}
