/** Making a root whose key opens with the vault and a passphrase together. */
import type { Caller } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import { type AuthorityParts, assertNameFree } from './authority.ts';
import { assertPassphraseStrength, protectRootKey } from './dual-protection.ts';
import { generateAuthorityKey } from './new-key.ts';
import { createNodeSigner } from './node-signer.ts';
import { createAuthorityRow, describeOwn, recordAuthorities } from './record.ts';
import { announceRootOpened } from './root-openings.ts';
import { signItself } from './sign-authority.ts';
import type { AuthorityRow } from './store.ts';
import type { NewAuthority } from './wish.ts';

/** A root to be made. */
export interface NewRoot extends NewAuthority {
  readonly passphrase: string;
}

/**
 * Makes a root: key, certificate, row. Throws `invalid` for a wish that cannot be (names, days, a weak passphrase),
 * `vault_locked`, and `conflict` when the organisation has the name already.
 */
export async function createRoot(parts: AuthorityParts, caller: Caller, wish: NewRoot): Promise<AuthorityRow> {
  const { vault, now, passphraseCost } = parts;
  await assertNameFree(parts.database.query, caller.organisationId, wish.name);
  assertPassphraseStrength(wish.passphrase);
  const at = now();
  const place = { organisationId: caller.organisationId, authorityId: createId(at) };
  const { lifetime } = vault;
  const pkcs8 = await generateAuthorityKey(wish.keyType);
  try {
    const signer = createNodeSigner(pkcs8);
    const { name, subject, days, pathLength } = wish;
    const asked = { subject, publicKey: signer.subjectKey, days, pathLength };
    const certificate = await signItself(parts, signer, asked);
    const given = { vault, passphrase: wish.passphrase, ...(passphraseCost && { cost: passphraseCost }) };
    const key = await protectRootKey(place, pkcs8, given);
    const row = createAuthorityRow(place, {
      ...{ name, kind: 'root', custody: 'dual', parentId: null, at },
      ...{ subject: certificate.subject, subjectKey: signer.subjectKey },
      ...{ sealedKey: key.ciphertext, dualProtection: key.protection },
    });
    const own = describeOwn(caller, { authority: row, certificate, issuerId: row.id, source: 'system', at });
    await recordAuthorities(parts, caller, { records: [{ row, own, action: 'authority.created' }], lifetime });
    const root = { ...place, name: row.name, certificate, chain: [], signer };
    await announceRootOpened(parts.database, root, caller.actor);
    return row;
  } finally {
    pkcs8.fill(0);
  }
}
