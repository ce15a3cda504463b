/** The OCSP nonce extension (RFC 9654). */
import { refuseDer } from '../../asn1/malformed.ts';
import { type DerValue, octetString } from '../../asn1/writer.ts';
import { TrustError } from '../../errors.ts';
import { extension, parseExtension, type RawExtension } from '../extensions.ts';
import { ocspOids } from '../oids.ts';

/** RFC 9654, 2.1. */
const maxNonceBytes = 128;

/** The nonce among `extensions`. Throws `malformed` unless it has 1 to 128 octets. */
export function findNonce(extensions: readonly RawExtension[]): Uint8Array<ArrayBuffer> | undefined {
  const found = extensions.find(({ oid }) => oid === ocspOids.nonce);
  const nonce = found && parseExtension(found.value, (reader) => reader.readOctetString());
  if (nonce && (nonce.length === 0 || nonce.length > maxNonceBytes)) {
    throw refuseDer(`a nonce of 1 to ${maxNonceBytes} octets`);
  }
  return nonce;
}

/** The extension that carries a nonce. */
export function nonceExtension(nonce: Uint8Array): DerValue {
  return extension(ocspOids.nonce, octetString(nonce), { critical: false });
}

/** Throws `malformed` when there is a critical extension that is none of `understood` (RFC 6960, 4.4). */
export function assertUnderstood(extensions: readonly RawExtension[], understood: readonly string[] = []): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !understood.includes(oid));
  if (unknown) throw new TrustError('malformed', `expected no unknown critical extension, got ${unknown.oid}`);
}
