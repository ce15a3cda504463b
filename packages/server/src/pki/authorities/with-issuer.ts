/** An authority opened for one signature, however its key is kept. */
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { AuthorityParts } from './authority.ts';
import { assertState, type Issuer, openIssuer } from './issuer.ts';
import { withRootSigner } from './root-signer.ts';
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
  if (passphrase === undefined) {
    throw new Refusal('invalid', `expected the passphrase of the root ${issuer.name}`, { rule: 'passphrase-needed' });
  }
  return withRootSigner(parts, { ...place, passphrase, actor: caller.actor }, use);
}
