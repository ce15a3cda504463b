/** Making a root whose key opens with the vault and a passphrase together. */
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { signCertificate } from '@signpost/protocol/x509/write-certificate';
import type { Caller } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import type { AuthorityParts } from './authority.ts';
import { composeRoot } from './contents.ts';
import { assertPassphraseStrength, protectRootKey } from './dual-protection.ts';
import { generateAuthorityKey } from './key-choice.ts';
import { createNodeSigner } from './node-signer.ts';
import { createAuthorityRow, recordAuthority } from './record.ts';
import { assertSound } from './sound.ts';
import type { AuthorityRow } from './store.ts';
import { composeSubject } from './subject.ts';
import { assertAuthorityName, chooseValidity, type NewAuthority } from './wish.ts';

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
  assertAuthorityName(wish.name);
  assertPassphraseStrength(wish.passphrase);
  const subject = composeSubject(wish.subject);
  const at = now();
  const validity = chooseValidity('root', { days: wish.days, now: at });
  const place = { organisationId: caller.organisationId, authorityId: createId(at) };
  const { lifetime } = vault;
  const pkcs8 = await generateAuthorityKey(wish.keyType);
  try {
    const signer = createNodeSigner(pkcs8);
    const { subjectKey } = signer;
    const written = await composeRoot({ subject, subjectKey, pathLength: wish.pathLength, ...validity });
    const certificate = parseCertificate(await signCertificate(written, signer));
    await assertSound(certificate, []);
    const given = { vault, passphrase: wish.passphrase, ...(passphraseCost && { cost: passphraseCost }) };
    const key = await protectRootKey(place, pkcs8, given);
    const row = createAuthorityRow(place, {
      ...{ name: wish.name, kind: 'root', custody: 'dual', parentId: null, subject, subjectKey, at },
      ...{ sealedKey: key.ciphertext, dualProtection: key.protection },
    });
    await recordAuthority(parts, caller, {
      ...{ row, certificate, issuerId: row.id, lifetime, action: 'authority.created' },
    });
    return row;
  } finally {
    pkcs8.fill(0);
  }
}
