/** Files that authorities come in: keys and certificates in PEM, a certificate in DER, a PKCS#12 (RFC 7292), a revocation list. */
import { encodePem, parsePem, parsePemBlock } from '@signpost/protocol/asn1/pem';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { parseRevocationList } from '@signpost/protocol/x509/revocation-list';

/** What a file of an authority may have at most, in bytes: what the server takes. */
const maxAuthorityFileBytes = 500_000;

/** What a revocation list may have at most, in bytes: what the server takes. */
const maxListBytes = 1_048_576;

/** What was dropped: text in PEM, or one PKCS#12, in base64. */
export type AuthorityFile =
  | {
      readonly kind: 'pem';
      readonly pem: string;
      readonly keys: number;
      readonly certificates: readonly FoundCertificate[];
    }
  | { readonly kind: 'pkcs12'; readonly base64: string };

/** A certificate in a file, as it says of itself; nothing of it is verified. */
interface FoundCertificate {
  readonly subject: string;
  /** Unix ms. */
  readonly notAfter: number;
}

type Dropped = Pick<File, 'name' | 'size' | 'arrayBuffer'>;

/** SEQUENCE, by which a certificate, a key, a list and a PKCS#12 all begin. */
const derTag = 0x30;

/** Reads files as they were dropped. Throws for what is too large, and as `readAuthorityFiles` does. */
export async function readDropped(files: readonly Dropped[]): Promise<AuthorityFile> {
  return readAuthorityFiles(await Promise.all(files.map((file) => readBytes(file, maxAuthorityFileBytes))));
}

/** Of what was dropped the certificates alone, in PEM; undefined where a private key is among it. Throws `malformed` where there is none. */
export function selectCertificates(file: AuthorityFile): string | undefined {
  if (file.kind === 'pkcs12' || file.keys > 0) return undefined;
  const found = parsePem(file.pem, file.pem.length).filter(({ label }) => label === 'CERTIFICATE');
  if (found.length === 0) throw new TrustError('malformed', 'expected a certificate in PEM or DER');
  return found.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join('');
}

/** Reads a revocation list in DER or PEM, and returns it in DER. Throws TrustError for what is none, as for a key. */
export async function readList(file: Dropped): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(file, maxListBytes);
  return parseRevocationList(bytes[0] === derTag ? bytes : parsePemBlock(decode(bytes), 'X509 CRL', maxListBytes))
    .bytes;
}

async function readBytes(file: Dropped, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size > maxBytes) throw new TrustError('too_large', `expected at most ${maxBytes} bytes, got ${file.size}`);
  return new Uint8Array(await file.arrayBuffer());
}

/** Reads files that belong together. Throws TrustError for what is neither. */
export function readAuthorityFiles(files: readonly Uint8Array<ArrayBuffer>[]): AuthorityFile {
  const [only] = files;
  if (files.length === 1 && only && isPkcs12(only)) {
    return { kind: 'pkcs12', base64: encodeBase64(only) };
  }
  const pem = files.map((bytes) => (bytes[0] === derTag ? encodePem('CERTIFICATE', bytes) : decode(bytes))).join('\n');
  const blocks = parsePem(pem, maxAuthorityFileBytes);
  return {
    ...{ kind: 'pem', pem },
    keys: blocks.filter(({ label }) => label.endsWith('PRIVATE KEY')).length,
    certificates: blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ bytes }) => describe(bytes)),
  };
}

/** Version 3 is the first member (RFC 7292, 4); keys have version 0 or 1, certificates no number there. */
function isPkcs12(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes;
  // Octets of the length that follow, none for a short or an indefinite one.
  const start = length > 0x80 ? 2 + (length & 0x7f) : 2;
  return tag === derTag && [0x02, 0x01, 0x03].every((octet, index) => bytes[start + index] === octet);
}

function describe(bytes: Uint8Array<ArrayBuffer>): FoundCertificate {
  const { subject, notAfter } = parseCertificate(bytes);
  return { subject: formatName(subject), notAfter };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
