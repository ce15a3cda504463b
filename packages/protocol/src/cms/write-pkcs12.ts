/** Writes PKCS#12 (RFC 7292) that OpenSSL, GnuTLS, NSS, Windows and macOS open: PBES2 with AES-256, MAC with SHA-256. */
import { contextTag, tags } from '../asn1/tag.ts';
import {
  type DerValue,
  encodeDer,
  explicit,
  integer,
  octetString,
  oid,
  primitive,
  sequence,
  sequenceOf,
  setOf,
} from '../asn1/writer.ts';
import { wrapKey } from './encrypted-key.ts';
import { attributeTypes, bagTypes, contentTypes, x509Certificate } from './oids.ts';
import { encodeUtf16 } from './password.ts';
import { encryptWithPassword } from './password-encryption.ts';
import { createMacData } from './pkcs12-mac.ts';

/** Of each of the three derivations: .NET refuses files that ask for more than 600,000 in all. */
const iterations = 100_000;

/** A key with its certificate and what leads from there to the root. */
export interface Pkcs12ToWrite {
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** Issuers upwards, in the order that they are written. */
  readonly chain: readonly Uint8Array<ArrayBuffer>[];
  /** What key stores show. */
  readonly friendlyName: string;
}

/** The file. Whether key, certificate and chain belong together is the caller's affair. */
export async function encodePkcs12(contents: Pkcs12ToWrite, password: string): Promise<Uint8Array<ArrayBuffer>> {
  // RFC 2985, 5.5.2: any octets that are the same; everybody takes the SHA-1 of the certificate.
  const localKeyId = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-1', contents.certificate));
  const attributes = bagAttributes(contents.friendlyName, localKeyId);
  const certificates = [
    certificateBag(contents.certificate, attributes),
    ...contents.chain.map((bytes) => certificateBag(bytes)),
  ];
  const key = await wrapKey(contents.pkcs8, password, iterations);
  const parts = [
    await encryptedPart(encodeDer(sequenceOf(certificates)), password),
    dataPart(encodeDer(sequence(bag(bagTypes.shroudedKey, key, attributes)))),
  ];
  const safe = encodeDer(sequenceOf(parts));
  return encodeDer(sequence(integer(3), dataPart(safe), await createMacData(safe, password, iterations)));
}

function dataPart(content: Uint8Array): DerValue {
  return sequence(oid(contentTypes.data), explicit(0, octetString(content)));
}

/** EncryptedData (RFC 5652, 8) in its ContentInfo. */
async function encryptedPart(plaintext: Uint8Array<ArrayBuffer>, password: string): Promise<DerValue> {
  const { algorithm, ciphertext } = await encryptWithPassword(plaintext, password, iterations);
  const info = sequence(oid(contentTypes.data), algorithm, primitive(contextTag(0), ciphertext));
  return sequence(oid(contentTypes.encryptedData), explicit(0, sequence(integer(0), info)));
}

function bag(type: string, value: DerValue, attributes?: DerValue): DerValue {
  return sequence(oid(type), explicit(0, value), attributes);
}

function certificateBag(bytes: Uint8Array, attributes?: DerValue): DerValue {
  const value = sequence(oid(x509Certificate), explicit(0, octetString(bytes)));
  return bag(bagTypes.certificate, value, attributes);
}

function bagAttributes(friendlyName: string, localKeyId: Uint8Array): DerValue {
  const name = primitive(tags.bmpString, encodeUtf16(friendlyName));
  return setOf([
    sequence(oid(attributeTypes.friendlyName), setOf([name])),
    sequence(oid(attributeTypes.localKeyId), setOf([octetString(localKeyId)])),
  ]);
}
