/** The secrets behind sessions, kept by the vault and remembered while it is open. */
import { Refusal } from '../../errors.ts';
import { readOrCreateSecret, type SecretKeeping } from '../../vault/secrets.ts';

const secretBytes = 32;

/** Hands out the secrets. Each throws `vault_locked` while the vault is locked. */
export interface SessionSecrets {
  /** Signs session tokens. */
  session(): Promise<Uint8Array>;
  /** Makes CSRF tokens. */
  csrf(): Promise<Uint8Array>;
  /** Reads anew when next asked; to be called when the vault was reset. */
  forget(): void;
}

/** The secrets of one process. Reading one is a transaction, too dear for every request, so they are remembered. */
export function createSessionSecrets(keeping: SecretKeeping): SessionSecrets {
  const known = new Map<string, Promise<Uint8Array>>();
  async function read(name: string): Promise<Uint8Array> {
    if (keeping.vault.state !== 'unlocked') {
      known.clear();
      throw locked();
    }
    const secret = known.get(name) ?? readOrCreateSecret(keeping, name, secretBytes);
    known.set(name, secret);
    secret.catch(() => known.delete(name));
    return secret;
  }
  return {
    session: () => read('session-secret'),
    csrf: () => read('csrf-secret'),
    forget: () => known.clear(),
  };
}

function locked(): Refusal {
  return new Refusal('vault_locked', 'sessions cannot be opened or checked while the vault is locked', {
    hint: 'signpost unlock; API keys and public routes work meanwhile',
  });
}
