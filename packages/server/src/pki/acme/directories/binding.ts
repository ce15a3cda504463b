/** Keys for external account binding (RFC 8555, section 7.3.4): whoever holds one may open one account. */
import { randomBytes } from 'node:crypto';
import type { Caller } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import { createId, isId } from '../../../storage/ids.ts';
import type { Vault } from '../../../vault/vault.ts';
import { type DirectoryDependencies, requireDirectory } from './directory.ts';
import { type BindingRow, insertBinding, revokeBindingRow } from './store.ts';

/** What binding keys need beside the directories' own. */
export interface BindingDependencies extends DirectoryDependencies {
  readonly vault: Vault;
}

const purpose = 'acme-binding';

/** Makes a key of 256 random bits, but for those whose text begins with a dash. The secret is nowhere else: whoever loses it asks for another key. */
export async function createBinding(
  { database, vault, now }: BindingDependencies,
  caller: Caller,
  { directory, label }: { directory: string; label: string },
): Promise<{ readonly row: BindingRow; readonly secret: string }> {
  const at = now();
  const secret = drawSecret();
  const row = await database.transaction(async (tx) => {
    const { id: directoryId } = await requireDirectory(tx, caller.organisationId, directory);
    const id = createId(at);
    // Inside the transaction, so that a reset of the vault cannot come between sealing and storing.
    const sealed = vault.seal(purpose, `acme_binding/${id}`, secret);
    const made = { id, directory_id: directoryId, label, sealed_secret: sealed, account_id: null };
    const stored: BindingRow = { ...made, created_at: at, revoked_at: null };
    await insertBinding(tx, stored);
    const object = { kind: 'acme-binding', id };
    await recordAudit(tx, at, { ...caller, action: 'acme.binding_created', object, detail: { directory, label } });
    return stored;
  });
  return { row, secret: secret.toString('base64url') };
}

/** Clients take it as an argument: one that begins with a dash would pass for an option. */
function drawSecret(): Buffer {
  for (;;) {
    const secret = randomBytes(32);
    if (!secret.toString('base64url').startsWith('-')) return secret;
  }
}

/** The secret of a stored key. Throws `vault_locked`. */
export function openBinding(vault: Vault, { id, sealed_secret }: BindingRow): Uint8Array<ArrayBuffer> {
  return new Uint8Array(vault.unseal(purpose, `acme_binding/${id}`, sealed_secret));
}

/** Revokes a key: no account is opened with it any more; one that was stays. Throws `not_found`. */
export async function revokeBinding(
  { database, now }: DirectoryDependencies,
  caller: Caller,
  { directory, id }: { directory: string; id: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const { id: directoryId } = await requireDirectory(tx, caller.organisationId, directory);
    const isRevoked = isId(id) && (await revokeBindingRow(tx, { directoryId, id, now: at }));
    if (!isRevoked) throw new Refusal('not_found', 'no such binding key');
    const object = { kind: 'acme-binding', id };
    await recordAudit(tx, at, { ...caller, action: 'acme.binding_revoked', object, detail: { directory } });
  });
}
