/** The certificate of a timestamp authority: for timestamps alone, critically so (RFC 3161, 2.3), its key made here. */
import { createPrivateKey, derivePublicKey } from '@signpost/protocol/keys/private-key';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Vault } from '../../vault/vault.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { type PreparedCertificate, prepareCertificate } from '../certificates/issue.ts';
import { recordCertificates } from '../certificates/record.ts';

/** A new certificate with its key, not stored yet. */
export interface NewTimestampCertificate {
  readonly id: string;
  readonly record: PreparedCertificate['record'];
  /** To be wiped. */
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  /** Of the vault in which the key is to be sealed. */
  readonly lifetime: object;
}

const sealPurpose = 'timestamp-key';

/** Certifies a new key for the authority `name`. Throws as `prepareCertificate` does. */
export async function certifyTimestampKey(
  parts: AuthorityParts,
  caller: Caller,
  { name, replacesId }: { readonly name: string; readonly replacesId: string | undefined },
): Promise<NewTimestampCertificate> {
  const { lifetime } = parts.vault;
  const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
  const { record } = await prepareCertificate(parts, caller, {
    authority: name,
    profile: 'timestamping',
    // Without the private half, which is kept elsewhere and never downloaded.
    key: { kind: 'public', publicKey: await derivePublicKey(pkcs8) },
    subject: [['CN', `Timestamps of ${name}`.slice(0, 64)]],
    source: 'system',
    ...(replacesId !== undefined && { replacesId }),
  });
  return { id: record.row.id, record, pkcs8, lifetime };
}

/**
 * Stores a certificate in `tx` and returns its key, sealed. Throws as `recordCertificates` does, and `unavailable` when the
 * vault is another one.
 */
export async function storeTimestampCertificate(
  tx: Transaction<Schema>,
  vault: Vault,
  { id, record, pkcs8, lifetime }: NewTimestampCertificate,
): Promise<string> {
  if (vault.lifetime !== lifetime) {
    throw new Refusal('unavailable', 'the vault was locked or made anew in between', { retryAfterSeconds: 1 });
  }
  await recordCertificates(tx, [record]);
  return vault.seal(sealPurpose, referenceOf(id), pkcs8);
}

/** The key that signs, PKCS#8, to be wiped. Throws `vault_locked`, and `unavailable` when it was sealed before a reset. */
export function openTimestampKey(vault: Vault, certificateId: string, sealedKey: string): Uint8Array {
  return vault.unseal(sealPurpose, referenceOf(certificateId), sealedKey);
}

function referenceOf(certificateId: string): string {
  return `timestamp_authority/${certificateId}`;
}
