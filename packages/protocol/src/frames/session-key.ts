/** Session keys (HMAC-SHA-256, RFC 2104): for frames from clients, and for channels with one principal. */
import { TrustError } from '../errors.ts';
import type { FrameKey, FrameSigner } from './frame-key.ts';

/** The octets of a session key's secret. */
export const sessionSecretBytes = 32;

/** The ids of session keys begin with this; those of channel keys cannot. */
export const sessionKidPrefix = 's_';

/** What is known of a session key; the secret stays with its two holders, in memory. */
export interface SessionKeyFields extends Omit<FrameKey, 'algorithm' | 'isSignature'> {
  readonly secret: Uint8Array<ArrayBuffer>;
}

/** A key that both signs and verifies: whoever holds it can forge, so nobody else's frames are ever signed with it. */
export interface SessionKey extends FrameKey, FrameSigner {}

/** The key of `fields`; the caller may wipe the secret. Throws `malformed` for a secret that is not 32 bytes. */
export async function openSessionKey({ secret, ...fields }: SessionKeyFields): Promise<SessionKey> {
  if (secret.length !== sessionSecretBytes || !fields.kid.startsWith(sessionKidPrefix)) {
    throw new TrustError('malformed', `expected a session key of ${sessionSecretBytes} bytes`);
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await globalThis.crypto.subtle.importKey('raw', secret, algorithm, false, ['sign', 'verify']);
  return {
    ...fields,
    algorithm: 'hmac-sha256',
    sign: async (message) => new Uint8Array(await globalThis.crypto.subtle.sign('HMAC', key, message)),
    // The platform compares in constant time.
    isSignature: (signature, message) => globalThis.crypto.subtle.verify('HMAC', key, signature, message),
  };
}
