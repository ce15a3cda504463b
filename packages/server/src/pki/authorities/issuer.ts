/** Opening an authority to sign with: its certificate, its chain, and its key, kept while the vault is open. */
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../errors.ts';
import { afterCommit } from '../../storage/database/transactions.ts';
import type { Query } from '../../storage/database.ts';
import { type AuthorityParts, type AuthorityPlace, AuthorityTree } from './authority.ts';
import { type AuthoritySigner, createNodeSigner, type NodeSigner } from './node-signer.ts';
import { openSealedKey } from './sealed-keys.ts';
import { type AuthorityRow, findAuthority } from './store.ts';

/** An authority that can sign now. */
export interface Issuer {
  readonly authorityId: string;
  readonly organisationId: string;
  readonly name: string;
  readonly certificate: Certificate;
  /** The certificates above `certificate`, the root's last; empty for a root. */
  readonly chain: readonly Certificate[];
  readonly signer: AuthoritySigner | NodeSigner;
}

/** What an issuer is opened for: new certificates, or word about those that it issued before. */
export type IssuerUse = 'certificates' | 'status';

/**
 * The authority, ready to sign. Throws `vault_locked`, `not_found`; `conflict` for one that is pending, whose key is
 * elsewhere (`key-offline`) or asks for a passphrase (`passphrase-needed`, see `withRootSigner`), whose certificate has
 * expired, and for a retired or revoked one unless it is opened for `status`.
 */
export async function openIssuer(
  parts: AuthorityParts,
  place: AuthorityPlace,
  use: IssuerUse = 'certificates',
): Promise<Issuer> {
  const cache = cacheOf(parts);
  const kept = cache.get(place.authorityId);
  if (kept && kept.row.organisation_id === place.organisationId) {
    assertState(kept.row, use);
    assertInTime(kept.issuer, parts.now());
    return kept.issuer;
  }
  const row = await findAuthority(parts.database.query, place.organisationId, { id: place.authorityId });
  if (!row) throw new Refusal('not_found', 'no such authority');
  assertState(row, use);
  const issuer = { ...(await readIssuing(parts, row)), signer: openServerSigner(parts, row) };
  cache.set(row.id, { row, issuer });
  return issuer;
}

/** What there is to an issuer without its key. Throws `conflict` when no certificate of it is in force. */
export async function readIssuing(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  row: AuthorityRow,
): Promise<Omit<Issuer, 'signer'>> {
  const tree = await AuthorityTree.read(database.query, row.organisation_id);
  const chain = row.state === 'revoked' ? tree.findChainOfRevoked(row, now()) : tree.listChains(row, now())[0];
  const [own, ...above] = chain ?? [];
  if (!own) throw expired(row.name);
  return {
    authorityId: row.id,
    organisationId: row.organisation_id,
    name: row.name,
    certificate: own.certificate,
    chain: above.map(({ certificate }) => certificate),
  };
}

/**
 * Throws `conflict` unless the authority may still issue: asked inside the transaction that stores what it has signed, since it
 * may have ended in the meantime.
 */
export async function assertIssuing(
  transaction: Query,
  { organisationId, authorityId }: AuthorityPlace,
): Promise<void> {
  const row = await findAuthority(transaction, organisationId, { id: authorityId });
  if (!row) throw new Refusal('not_found', 'no such authority');
  assertState(row, 'certificates');
}

/** Forgets what is kept of all authorities, once `transaction` has committed. To be called where an authority, or a certificate of one, changes. */
export function forgetIssuers({ vault }: Pick<AuthorityParts, 'vault'>, transaction: Query): void {
  AuthorityTree.forget(transaction);
  afterCommit(transaction, () => {
    if (vault.state === 'unlocked') caches.delete(vault.lifetime);
  });
}

interface Kept {
  readonly row: AuthorityRow;
  readonly issuer: Issuer;
}

// One process has the database to itself, so what it keeps is right as long as it forgets at each change.
const caches = new WeakMap<object, Map<string, Kept>>();

function cacheOf({ vault }: Pick<AuthorityParts, 'vault'>): Map<string, Kept> {
  const { lifetime } = vault;
  const cache = caches.get(lifetime) ?? new Map<string, Kept>();
  caches.set(lifetime, cache);
  return cache;
}

/** The key of an authority that the vault alone keeps. Throws `vault_locked`, and `conflict` for the others. */
export function openServerSigner(parts: AuthorityParts, row: AuthorityRow): NodeSigner {
  if (row.custody === 'offline') {
    throw new Refusal('conflict', `the key of ${row.name} is not on this server`, {
      rule: 'key-offline',
      hint: 'signpost ca root sign, on the machine that has it',
    });
  }
  if (row.custody === 'dual') {
    throw new Refusal('conflict', `the key of ${row.name} opens with its passphrase only`, {
      rule: 'passphrase-needed',
      hint: 'issue from an intermediate below it',
    });
  }
  const pkcs8 = openSealedKey(parts, row);
  try {
    return createNodeSigner(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}

/** Throws `conflict` for an authority whose state does not let it sign. */
export function assertState({ name, state }: Pick<AuthorityRow, 'name' | 'state'>, use: IssuerUse): void {
  if (state === 'active' || (state !== 'pending' && use === 'status')) return;
  throw new Refusal('conflict', `the authority ${name} is ${state}`, {
    rule: 'authority-state',
    ...(state === 'pending' && { hint: 'signpost ca import-certificate' }),
  });
}

function assertInTime({ name, certificate, chain }: Issuer, at: number): void {
  if ([certificate, ...chain].some(({ notAfter }) => at > notAfter)) throw expired(name);
}

function expired(name: string): Refusal {
  return new Refusal('conflict', `the authority ${name} has no certificate that is valid now`, {
    rule: 'authority-expired',
    hint: 'signpost ca renew',
  });
}
