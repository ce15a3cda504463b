/** The keys of endpoints: made here, sealed, opened for each attempt, exchanged with a time in which both sign. */
import { randomBytes } from 'node:crypto';
import type { Query } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import type { Vault } from '../../../vault/vault.ts';
import {
  derivePublicKey,
  formatPublicKey,
  formatSecret,
  type WebhookAlgorithm,
  type WebhookKey,
} from '../signature.ts';
import { deleteOtherKeys, endCurrentKey, insertKey, type KeyRow, listKeys } from './store.ts';

/** What a person is told of a new key: the secret, never again, or the public key. */
export type ShownKey = { readonly secret: string } | { readonly publicKey: string };

/** For whom a key is made, and how it signs. */
interface NewKey {
  readonly endpointId: string;
  readonly algorithm: WebhookAlgorithm;
  readonly at: number;
}

const keyBytes = 32;
/** The current one, and what it took the place of: more would only make headers longer. */
const maxKeys = 3;
const purpose = 'webhook-key';

/** Makes the first key of an endpoint. Throws `vault_locked`. */
export async function createKey(tx: Query, vault: Vault, wanted: NewKey): Promise<ShownKey> {
  const bytes = new Uint8Array(randomBytes(keyBytes));
  const id = createId(wanted.at);
  const publicKey = wanted.algorithm === 'ed25519' ? derivePublicKey(bytes) : null;
  await insertKey(tx, {
    ...{ id, endpoint_id: wanted.endpointId, algorithm: wanted.algorithm },
    ...{ sealed_key: vault.seal(purpose, `webhook_key/${id}`, bytes), public_key: publicKey },
    ...{ created_at: wanted.at, ends_at: null },
  });
  return publicKey === null ? { secret: formatSecret(bytes) } : { publicKey: formatPublicKey(publicKey) };
}

/**
 * Makes a key in place of the current one, which goes on signing beside it until `endsAt`. Of those before it, two are left at most.
 * Throws `vault_locked`.
 */
export async function rotateKey(
  tx: Query,
  vault: Vault,
  wanted: NewKey & { readonly endsAt: number },
): Promise<ShownKey> {
  await endCurrentKey(tx, wanted.endpointId, wanted.endsAt);
  const shown = await createKey(tx, vault, wanted);
  const kept = (await listKeys(tx, wanted.endpointId, wanted.at)).slice(0, maxKeys);
  const ids = kept.map(({ id }) => id);
  await deleteOtherKeys(tx, wanted.endpointId, ids);
  return shown;
}

/** Opens a key. Throws `vault_locked`, and `unavailable` when it was sealed before a reset of the vault. */
export function openKey(vault: Vault, { id, algorithm, sealed_key }: KeyRow): WebhookKey {
  return { algorithm, bytes: vault.unseal(purpose, `webhook_key/${id}`, sealed_key) };
}
