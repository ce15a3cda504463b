/** Passwords for tests that are not about Argon2id: whoever logs in a hundred times does not wait for it. */
import { createHash } from 'node:crypto';
import { Passwords } from '../../src/accounts/passwords.ts';

/** Everything but the derivation is as on the server. */
export function createQuickPasswords(): Passwords {
  return new Passwords(async (message, nonce) => createHash('sha256').update(nonce).update(message).digest());
}
