/** Keys that the vault alone keeps: those of intermediates. */
import { Refusal } from '../../errors.ts';
import type { Vault } from '../../vault/vault.ts';
import type { AuthorityRow } from './store.ts';

const purpose = 'authority-key';

/** A private key, PKCS#8, sealed for one authority. Throws `vault_locked`. */
export function sealKey(vault: Vault, authorityId: string, pkcs8: Uint8Array): string {
  return vault.seal(purpose, referenceOf(authorityId), pkcs8);
}

/** The private key, PKCS#8, which the caller wipes. Throws `vault_locked`, and `unavailable` when it was altered or moved. */
export function openSealedKey({ vault }: { readonly vault: Vault }, row: AuthorityRow): Uint8Array {
  if (row.sealed_key === null) throw new Refusal('conflict', `the key of ${row.name} is not on this server`);
  return vault.unseal(purpose, referenceOf(row.id), row.sealed_key);
}

function referenceOf(authorityId: string): string {
  return `authority/${authorityId}`;
}
