/** Opening a root for one operation: vault and passphrase together, few attempts, and nothing kept afterwards. */
import { type Actor, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createRateLimit, type RateLimit } from '../../http/rate-limit.ts';
import type { Vault } from '../../vault/vault.ts';
import type { AuthorityParts, AuthorityPlace } from './authority.ts';
import { openRootKey } from './dual-protection.ts';
import { assertState, type Issuer, readIssuing } from './issuer.ts';
import { type AuthoritySigner, createNodeSigner } from './node-signer.ts';
import { announceRootOpened } from './root-openings.ts';
import { type AuthorityRow, findAuthority } from './store.ts';

/** Passphrases that may be tried for one root in a minute, right ones counted. */
export const rootAttemptsPerMinute = 10;

/** The root and what was typed for it. */
export interface RootOpening extends AuthorityPlace {
  readonly passphrase: string;
  /** Who typed it, for the audit log. */
  readonly actor?: Actor;
}

/**
 * Runs `use` with the root open; its signer works until `use` ends. Throws `not_found`, `vault_locked`, `conflict` for an
 * authority that is not an active one of custody `dual`, `rate_limited`, and `forbidden`, rule `root-passphrase`, for a wrong
 * passphrase, which is audited.
 */
export async function withRootSigner<T>(
  parts: AuthorityParts,
  opening: RootOpening,
  use: (issuer: Issuer) => Promise<T>,
): Promise<T> {
  const row = await requireDual(parts, opening);
  const issuing = await readIssuing(parts, row);
  return withRootKey(parts, { row, ...opening }, async (signer) => {
    const issuer = { ...issuing, signer };
    const used = await use(issuer);
    await announceRootOpened(parts.database, issuer, opening.actor ?? systemActor);
    return used;
  });
}

/** The same for the key alone, whether a certificate of it is in force or not: a root that ran out can be renewed. */
export async function withRootKey<T>(
  parts: AuthorityParts,
  opening: Opening,
  use: (signer: AuthoritySigner) => Promise<T>,
): Promise<T> {
  attemptsOf(parts).take(opening.row.id);
  const pkcs8 = await openAudited(parts, opening);
  const closing = { closed: false };
  try {
    return await use(closable(createNodeSigner(pkcs8), closing));
  } finally {
    closing.closed = true;
    pkcs8.fill(0);
  }
}

async function requireDual(parts: AuthorityParts, { organisationId, authorityId }: RootOpening): Promise<AuthorityRow> {
  const row = await findAuthority(parts.database.query, organisationId, { id: authorityId });
  if (!row) throw new Refusal('not_found', 'no such authority');
  assertState(row, 'status');
  if (row.custody === 'dual') return row;
  throw new Refusal('conflict', `the key of ${row.name} has no passphrase`, { rule: 'no-passphrase' });
}

type Opening = Pick<RootOpening, 'passphrase' | 'actor'> & { readonly row: AuthorityRow };

async function openAudited(parts: AuthorityParts, { row, passphrase, actor }: Opening): Promise<Uint8Array> {
  const { vault, passphraseCost } = parts;
  const place = { organisationId: row.organisation_id, authorityId: row.id };
  const stored = { protection: row.dual_protection ?? '', ciphertext: row.sealed_key ?? '' };
  try {
    return await openRootKey(place, stored, { vault, passphrase, ...(passphraseCost && { cost: passphraseCost }) });
  } catch (error) {
    if (error instanceof Refusal && error.rule === 'root-passphrase') await recordRefusal(parts, row, actor);
    throw error;
  }
}

async function recordRefusal({ database, now }: AuthorityParts, row: AuthorityRow, actor = systemActor): Promise<void> {
  await database.transaction((tx) =>
    recordAudit(tx, now(), {
      organisationId: row.organisation_id,
      actor,
      action: 'authority.passphrase_refused',
      object: { kind: 'authority', id: row.id },
      outcome: 'refused',
      detail: { name: row.name },
    }),
  );
}

// The key object cannot be wiped, so nobody gets it; a signer that outlives its operation must at least sign nothing more.
function closable(signer: AuthoritySigner, closing: { readonly closed: boolean }): AuthoritySigner {
  const { subjectKey, algorithm } = signer;
  return {
    subjectKey,
    algorithm,
    withHash: (hash) => closable(signer.withHash(hash), closing),
    sign: (message) => {
      if (closing.closed) throw new TypeError('expected the root to be open, got one whose operation has ended');
      return signer.sign(message);
    },
  };
}

const attempts = new WeakMap<Vault, RateLimit>();

function attemptsOf({ vault, now }: AuthorityParts): RateLimit {
  const limit = attempts.get(vault) ?? createRateLimit(rootAttemptsPerMinute, now);
  attempts.set(vault, limit);
  return limit;
}
