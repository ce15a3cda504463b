/** The signature back (RFC 9580, 5.2.1.9): without it anybody could hang somebody else's signing key on their own. */
import { concatOctets } from './octets.ts';
import { isVerified, readOwnSignature } from './own-signature.ts';
import { encodeForHash, type OpenPgpKey } from './public-key.ts';
import { type OpenPgpSignature, signatureTypes } from './signature.ts';

/** Whether the subkey of a verified binding signed the primary key in turn. */
export async function isSignedBack(
  primary: OpenPgpKey,
  subkey: OpenPgpKey,
  { embeddedSignature }: OpenPgpSignature,
): Promise<boolean> {
  const back = embeddedSignature && readOwnSignature(embeddedSignature);
  if (back?.type !== signatureTypes.primaryKeyBinding) return false;
  return isVerified(subkey, back, concatOctets(encodeForHash(primary.body), encodeForHash(subkey.body)));
}
