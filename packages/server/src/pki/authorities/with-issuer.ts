/** An authority opened for one signature, however its key is kept. */
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { AuthorityParts } from './authority.ts';
import { assertState, type Issuer, openIssuer, openServerSigner } from './issuer.ts';
import { withRootKey, withRootSigner } from './root-signer.ts';
import type { AuthorityRow } from './store.ts';

/**
 * Runs `use` with `issuer` open. Throws as `openIssuer` and `withRootSigner` do, and `invalid`, rule `passphrase-needed`, for a
 * root without its passphrase.
 */
export async function withIssuer<T>(
  parts: AuthorityParts,
  { issuer, passphrase, caller }: { issuer: AuthorityRow; passphrase: string | undefined; caller: Caller },
  use: (opened: Issuer) => Promise<T>,
): Promise<T> {
  const place = { organisationId: issuer.organisation_id, authorityId: issuer.id };
  if (issuer.custody !== 'dual') return use(await openIssuer(parts, place));
  assertState(issuer, 'certificates');
  return withRootSigner(parts, { ...place, ...typed(issuer, passphrase), actor: caller.actor }, use);
}

/** Runs `use` with the key of an authority, whether a certificate of it is in force or not. Throws as `withIssuer` does. */
export async function withOwnKey<T>(
  parts: AuthorityParts,
  { row, passphrase, caller }: { row: AuthorityRow; passphrase: string | undefined; caller: Caller },
  use: (signer: Issuer['signer']) => Promise<T>,
): Promise<T> {
  if (row.custody !== 'dual') return use(openServerSigner(parts, row));
  return withRootKey(parts, { row, ...typed(row, passphrase), actor: caller.actor }, use);
}

function typed({ name }: AuthorityRow, passphrase: string | undefined): { readonly passphrase: string } {
  if (passphrase !== undefined) return { passphrase };
  throw new Refusal('invalid', `expected the passphrase of the root ${name}`, { rule: 'passphrase-needed' });
}
