/** Signed certificate timestamps in certificates (RFC 6962, 3.2 and 3.3). */
import { DerReader } from '../asn1/reader.ts';
import { constructedTag } from '../asn1/tag.ts';
import { constructed, encodeDer, encoded, sequenceOf } from '../asn1/writer.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import { TrustError } from '../errors.ts';
import type { Certificate } from '../x509/certificate.ts';
import { extensionOids } from '../x509/oids.ts';

/** A log's promise to publish a certificate, as it says it is. */
export interface CertificateTimestamp {
  readonly logId: Uint8Array<ArrayBuffer>;
  /** Unix ms. */
  readonly time: number;
  readonly extensions: Uint8Array<ArrayBuffer>;
  readonly keyKind: 'ecdsa' | 'rsa';
  readonly signature: Uint8Array<ArrayBuffer>;
}

const maxTimestamps = 32;

/** Those in a certificate; none without the extension. Throws `malformed`, also for algorithms but SHA-256 with ECDSA or RSA. */
export function parseCertificateTimestamps(certificate: Certificate): readonly CertificateTimestamp[] {
  const list = certificate.extensions.signedCertificateTimestamps?.value;
  if (!list) return [];
  const reader = new TlsReader(list);
  const inner = new TlsReader(reader.readVector(2));
  reader.assertEnd();
  const timestamps: CertificateTimestamp[] = [];
  while (!inner.atEnd) {
    timestamps.push(parseTimestamp(inner.readVector(2)));
    if (timestamps.length > maxTimestamps) throw refuse(`at most ${maxTimestamps} certificate timestamps`);
  }
  if (timestamps.length === 0) throw refuse('at least one certificate timestamp');
  return timestamps;
}

function parseTimestamp(bytes: Uint8Array<ArrayBuffer>): CertificateTimestamp {
  const reader = new TlsReader(bytes);
  if (reader.readNumber(1) !== 0) throw refuse('a certificate timestamp of version 1');
  const logId = reader.readBytes(32);
  const time = reader.readNumber(8);
  const extensions = reader.readVector(2);
  const [hash, algorithm] = [reader.readNumber(1), reader.readNumber(1)];
  const signature = reader.readVector(2);
  reader.assertEnd();
  // RFC 5246, 7.4.1.4.1: SHA-256 is 4, RSA 1, ECDSA 3.
  if (hash !== 4 || (algorithm !== 1 && algorithm !== 3)) throw refuse('SHA-256 with ECDSA or RSA');
  return { logId, time, extensions, keyKind: algorithm === 3 ? 'ecdsa' : 'rsa', signature };
}

/** Reads the presentation language of TLS (RFC 5246, 4). */
class TlsReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  assertEnd(): void {
    if (!this.atEnd) throw refuse('nothing behind');
  }

  readBytes(length: number): Uint8Array<ArrayBuffer> {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw refuse(`${length} further octets`);
    const bytes = this.#bytes.slice(this.#position, end);
    this.#position = end;
    return bytes;
  }

  readNumber(size: number): number {
    let number = 0;
    for (const octet of this.readBytes(size)) number = number * 256 + octet;
    if (!Number.isSafeInteger(number)) throw refuse('a number below 2^53');
    return number;
  }

  /** Octets with their length before them. */
  readVector(lengthBytes: number): Uint8Array<ArrayBuffer> {
    return this.readBytes(this.readNumber(lengthBytes));
  }
}

/** What a log signs: the certificate without its timestamps, under the key of who issued it. */
export function encodePrecertificateEntry(certificate: Certificate, issuer: Certificate): PrecertificateEntry {
  return { tbs: removeTimestamps(certificate), issuerKeyHash: hashSha256(issuer.spki) };
}

/** PreCert (RFC 6962, 3.2). */
export interface PrecertificateEntry {
  readonly tbs: Uint8Array<ArrayBuffer>;
  readonly issuerKeyHash: Uint8Array<ArrayBuffer>;
}

/** The signed part of a timestamp over a precertificate (RFC 6962, 3.2). */
export function encodeTimestamped(
  { tbs, issuerKeyHash }: PrecertificateEntry,
  { time, extensions }: Pick<CertificateTimestamp, 'time' | 'extensions'>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + 32 + 3 + tbs.length + 2 + extensions.length);
  const view = new DataView(bytes.buffer);
  // Version 1 and the type "certificate timestamp" are zero.
  view.setBigUint64(2, BigInt(time));
  // precert_entry.
  view.setUint16(10, 1);
  bytes.set(issuerKeyHash, 12);
  view.setUint8(44, tbs.length >> 16);
  view.setUint16(45, tbs.length & 0xffff);
  bytes.set(tbs, 47);
  view.setUint16(47 + tbs.length, extensions.length);
  bytes.set(extensions, 49 + tbs.length);
  return bytes;
}

/** TBSCertificate as it was before the timestamps were put in: all else is left to the octet. */
function removeTimestamps({ signedBytes }: Certificate): Uint8Array<ArrayBuffer> {
  const members = new DerReader(signedBytes).readSequence().readAll((one) => one.readElement());
  const kept = members.map(({ tag, bytes, content }) => {
    if (tag !== constructedTag(3)) return encoded(bytes);
    const extensions = new DerReader(content).readSequence().readAll((one) => one.readElement());
    const others = extensions.filter(
      (one) => new DerReader(one.content).readOid() !== extensionOids.signedCertificateTimestamps,
    );
    return constructed(constructedTag(3), [sequenceOf(others.map((one) => encoded(one.bytes)))]);
  });
  return encodeDer(sequenceOf(kept));
}

function refuse(expected: string): TrustError {
  return new TrustError('malformed', `expected ${expected}`);
}
