/** Signatures inside of a public key, of which those that do not count are passed over (RFC 9580, 5.2). */
import { TrustError } from '../errors.ts';
import type { OpenPgpKey } from './public-key.ts';
import { type OpenPgpSignature, parseSignature } from './signature.ts';
import { verifyOpenPgpBytes } from './verify-digest.ts';

/** The signature in a packet; `undefined`: of a version or algorithm that does not count, or none at all. */
export function readOwnSignature(body: Uint8Array<ArrayBuffer>): OpenPgpSignature | undefined {
  try {
    return parseSignature(body);
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

/** Whether `key` made the signature over what stands in front of its trailer. */
export async function isVerified(key: OpenPgpKey, signature: OpenPgpSignature, signed: Uint8Array): Promise<boolean> {
  try {
    await verifyOpenPgpBytes(key, signature, signed);
    return true;
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}
