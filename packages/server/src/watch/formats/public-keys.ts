/** Keys by what the watch knows of them: the SHA-256 of their SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
import { createHash } from 'node:crypto';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { TrustError } from '@signpost/protocol/errors';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, isAuthority, parseCertificate } from '@signpost/protocol/x509/certificate';
import { refuseFile } from './foreign-text.ts';

/** A key, and the certificate that it came in. */
export interface ShownKey {
  /** Hex SHA-256 of the SubjectPublicKeyInfo. */
  readonly sha256: string;
  readonly pem: string;
  readonly certificate?: Certificate | undefined;
}

/** Files beside the settings, by the name that the settings know them by. */
export type AttachedFiles = ReadonlyMap<string, string>;

/** Longer files are no keys, in characters. */
export const maxKeyCharacters: number = 64 * 1024;

/** All keys in a PEM file, of public keys and certificates. Throws `invalid`, rule `watch-format`. */
export function parseKeys(text: string, what: string): readonly ShownKey[] {
  try {
    const keys = parsePem(text, maxKeyCharacters).map(({ label, bytes }) => {
      if (label === 'CERTIFICATE') {
        const certificate = parseCertificate(bytes);
        return { ...describeKey(certificate.spki), certificate };
      }
      if (label !== 'PUBLIC KEY')
        throw new TrustError('malformed', `expected public keys or certificates, got ${label}`);
      return describeKey(bytes);
    });
    if (keys.length > 0) return keys;
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw refuseFile(`${what} holds no public keys in PEM: ${cause.message}`, cause);
  }
  throw refuseFile(`${what} holds no public keys in PEM`);
}

function describeKey(spki: Uint8Array<ArrayBuffer>): ShownKey {
  parseSubjectKey(spki);
  return { sha256: createHash('sha256').update(spki).digest('hex'), pem: encodePem('PUBLIC KEY', spki) };
}

/** The keys of attached files by their SHA-256; of two the one with a certificate. */
export function indexKeys(files: AttachedFiles): ReadonlyMap<string, ShownKey> {
  const keys = [...files].flatMap(([name, text]) => parseKeys(text, name));
  return new Map(
    [...keys.filter(({ certificate }) => !certificate), ...keys.filter(({ certificate }) => certificate)].map((key) => [
      key.sha256,
      key,
    ]),
  );
}

/** Whether a certificate stands for its own key alone, and vouches for no other. */
export function isLeaf({ certificate }: ShownKey): boolean {
  return certificate !== undefined && !isAuthority(certificate);
}
