/** Files with the key of a publisher, in the forms that publishers hand out (docs/protocol/detached-signatures.md). */
import { createHash } from 'node:crypto';
import { parsePem } from '@signpost/protocol/asn1/pem';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { encodeEd25519Key, parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { type MinisignPublicKey, parseMinisignPublicKey } from '@signpost/protocol/minisign/public-key';
import { type OpenPgpCertificate, parseCertificate } from '@signpost/protocol/openpgp/certificate';

/** A key that signatures of files are held against. */
export type PublisherKey = {
  /** SHA-256 of its SubjectPublicKeyInfo in hex, of OpenPGP of the primary key's. */
  readonly key: string;
} & (
  | { readonly kind: 'openpgp'; readonly certificate: OpenPgpCertificate }
  | { readonly kind: 'minisign'; readonly publicKey: MinisignPublicKey }
  /** As Sparkle has it. */
  | { readonly kind: 'ed25519'; readonly raw: Uint8Array<ArrayBuffer> }
);

/** The longest file, in bytes: keys that hundreds certified have as much. */
export const maxKeyFileBytes: number = 512 * 1024;

/** Parses a file. Throws a TrustError for what is none, or no key that counts. */
export async function parseKeyFile(file: Uint8Array<ArrayBuffer>): Promise<PublisherKey> {
  const text = new TextDecoder().decode(file).trim();
  if ((file[0] ?? 0) >= 0x80 || text.startsWith('-----BEGIN PGP')) {
    const certificate = await parseCertificate(file);
    return { kind: 'openpgp', key: nameKey(certificate.spki), certificate };
  }
  if (text.startsWith('untrusted comment:')) {
    const publicKey = parseMinisignPublicKey(text);
    return { kind: 'minisign', key: nameKey(publicKey.spki), publicKey };
  }
  const raw = await readRawKey(text);
  return { kind: 'ed25519', key: nameKey(encodeEd25519Key(raw)), raw };
}

/** Base64 of the key, as Sparkle's `SUPublicEDKey`, or PEM. */
async function readRawKey(text: string): Promise<Uint8Array<ArrayBuffer>> {
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    await parsePublicKey(text);
    return parseBase64(text);
  }
  const [block] = parsePem(text, maxKeyFileBytes);
  if (block?.label !== 'PUBLIC KEY') {
    throw new TrustError('malformed', 'expected a key of OpenPGP, minisign, signify or Sparkle');
  }
  const key = parseSubjectKey(block.bytes);
  if (key.kind !== 'ed25519') throw new TrustError('algorithm_unsupported', 'expected an Ed25519 key in PEM');
  return key.keyBits;
}

function nameKey(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}

/** As its owner writes it: the fingerprint, the key number, or the key itself by its SHA-256. */
export function nameForPeople(key: PublisherKey): string {
  switch (key.kind) {
    case 'openpgp':
      return key.certificate.primary.fingerprint;
    case 'minisign':
      return key.publicKey.keyNumber;
    case 'ed25519':
      return key.key;
  }
}
