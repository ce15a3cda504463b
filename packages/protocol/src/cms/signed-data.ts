/** SignedData (RFC 5652, 5), parsed and not verified: see `verifySigner`. */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerElement, type DerReader, parseDer } from '../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../asn1/tag.ts';
import { encodeDer, encoded, setOf } from '../asn1/writer.ts';
import { TrustError } from '../errors.ts';
import { readAlgorithmIdentifier } from '../keys/algorithm-identifier.ts';
import { keyOids } from '../keys/key-type.ts';
import {
  type HashName,
  interpretSignatureAlgorithm,
  readHashAlgorithm,
  type SignatureAlgorithm,
} from '../keys/signature-algorithm.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { type DistinguishedName, readName } from '../x509/name.ts';
import { contentTypes } from './oids.ts';

/** Above this a message is refused unread. */
export const maxSignedDataBytes: number = 1024 * 1024;
const maxCertificates = 32;

/** A signed message as it says it is. */
export interface SignedData {
  /** Dotted; see `contentTypes`. */
  readonly contentType: string;
  /** `undefined`: the content is elsewhere (a detached signature). */
  readonly content: Uint8Array<ArrayBuffer> | undefined;
  /** In any order; not trusted. Attribute certificates and the like are left out. */
  readonly certificates: readonly Certificate[];
  readonly signers: readonly SignerInfo[];
  /** What nothing signs and nobody needs: for readers who take a message only as its standard writes it. */
  readonly unsigned: UnsignedParts;
}

/** Parts of a message that its signatures do not cover. */
export interface UnsignedParts {
  readonly version: number;
  /** Dotted: the digests that the signers are said to use. */
  readonly digestAlgorithms: readonly string[];
  /** Whether there are attribute certificates, revocation lists or unsigned attributes, which are not read. */
  readonly hasMore: boolean;
}

/** Whom a signature is said to be by (RFC 5652, 5.3). */
export type SignerIdentifier =
  | { readonly kind: 'issuer'; readonly issuer: DistinguishedName; readonly serialNumber: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'key'; readonly keyIdentifier: Uint8Array<ArrayBuffer> };

/** One signature. */
export interface SignerInfo {
  readonly signer: SignerIdentifier;
  readonly digestHash: HashName;
  /** The only value of each signed attribute, DER, by the attribute's dotted type. */
  readonly signedAttributes: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** What the signature is over: the signed attributes as a SET (RFC 5652, 5.4). */
  readonly signedBytes: Uint8Array<ArrayBuffer>;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What nothing signs, not read: see `readUnsignedAttributes`. */
  readonly unsignedAttributes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Parses ContentInfo around SignedData, DER. Throws `too_large` above `maxSignedDataBytes`, `algorithm_unsupported`, otherwise
 * `malformed`; a signature without signed attributes is malformed too, since it could pass for one over other content.
 */
export function parseSignedData(bytes: Uint8Array<ArrayBuffer>): SignedData {
  return parseDer(bytes, { maxBytes: maxSignedDataBytes }, (reader) => {
    const info = reader.readSequence();
    if (info.readOid() !== contentTypes.signedData) throw refuseDer('signed data');
    const signed = info.readExplicit(0, readSignedData);
    info.assertEnd();
    if (!signed) throw refuseDer('signed data');
    return signed;
  });
}

function readSignedData(reader: DerReader): SignedData {
  const inner = reader.readSequence();
  const version = inner.readSmallInteger();
  // RFC 5652, 5.1 derives it from the rest; writers are known to err, and nothing hangs on it.
  if (version < 1 || version > 5) throw refuseDer('signed data of version 1 to 5');
  const digestAlgorithms = inner.readConstructed(tags.set).readAll((one) => readAlgorithmIdentifier(one).oid);
  const { contentType, content } = readEncapsulated(inner);
  const elements = inner.readOptional(constructedTag(0), readCertificateElements) ?? [];
  const certificates = elements.filter(({ tag }) => tag === tags.sequence).map(({ bytes }) => parseCertificate(bytes));
  const revocations = inner.readOptional(constructedTag(1), (one) => one.readElement());
  const signers = inner.readConstructed(tags.set).readAll(readSignerInfo);
  inner.assertEnd();
  const isBare = signers.every(({ unsignedAttributes }) => unsignedAttributes === undefined);
  const hasMore = elements.length > certificates.length || revocations !== undefined || !isBare;
  return { contentType, content, certificates, signers, unsigned: { version, digestAlgorithms, hasMore } };
}

function readEncapsulated(reader: DerReader): Pick<SignedData, 'contentType' | 'content'> {
  const info = reader.readSequence();
  const contentType = info.readOid();
  const content = info.readExplicit(0, (one) => one.readOctetString());
  info.assertEnd();
  return { contentType, content };
}

/** Certificates of all kinds. OpenSSL writes them out of order, which DER forbids and nobody minds. */
function readCertificateElements(reader: DerReader): readonly DerElement[] {
  const elements = reader.readConstructed(constructedTag(0)).readAll((one) => one.readElement());
  if (elements.length > maxCertificates) {
    throw new TrustError('too_large', `expected at most ${maxCertificates} certificates, got ${elements.length}`);
  }
  return elements;
}

function readSignerInfo(reader: DerReader): SignerInfo {
  const inner = reader.readSequence();
  const version = inner.readSmallInteger();
  const signer = readSignerIdentifier(inner);
  if (version !== (signer.kind === 'issuer' ? 1 : 3)) throw refuseDer('the version that its signer identifier has');
  const digestHash = readHashAlgorithm(inner);
  const attributes = inner.readOptional(constructedTag(0), readAttributes);
  if (!attributes) throw refuseDer('signed attributes');
  const signatureAlgorithm = readSignerAlgorithm(inner, digestHash);
  const signature = inner.readOctetString();
  const unsignedAttributes = inner.readOptional(constructedTag(1), (one) => one.readElement().bytes);
  inner.assertEnd();
  return { signer, digestHash, ...attributes, signatureAlgorithm, signature, unsignedAttributes };
}

function readSignerIdentifier(reader: DerReader): SignerIdentifier {
  const keyTag = contextTag(0);
  if (reader.peekTag() === keyTag) return { kind: 'key', keyIdentifier: reader.readOctetString(keyTag) };
  const inner = reader.readSequence();
  const issuer = readName(inner);
  const serialNumber = inner.readIntegerContent();
  inner.assertEnd();
  return { kind: 'issuer', issuer, serialNumber };
}

/** The only value of each attribute that nothing signs, DER, by its dotted type. Throws `malformed`. */
export function readUnsignedAttributes({
  unsignedAttributes,
}: Pick<SignerInfo, 'unsignedAttributes'>): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  if (!unsignedAttributes) return new Map();
  return parseDer(unsignedAttributes, { maxBytes: maxSignedDataBytes }, (reader) => {
    const members = reader.readConstructed(constructedTag(1)).readAll((one) => one.readElement().bytes);
    return indexAttributes(members);
  });
}

/** RFC 5652, 5.3 and 11: each type once, each with one value. */
function readAttributes(reader: DerReader): Pick<SignerInfo, 'signedAttributes' | 'signedBytes'> {
  const members = reader.readConstructed(constructedTag(0)).readAll((one) => one.readElement().bytes);
  const signedAttributes = indexAttributes(members);
  // RFC 5652, 5.4: the DER encoding of a SET OF, not of the tag [0] that stands here.
  return { signedAttributes, signedBytes: encodeDer(setOf(members.map(encoded))) };
}

function indexAttributes(members: readonly Uint8Array<ArrayBuffer>[]): Map<string, Uint8Array<ArrayBuffer>> {
  const attributes = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const member of members) {
    const [type, value] = parseDer(member, { maxBytes: member.length }, readAttribute);
    if (attributes.has(type)) throw refuseDer('each attribute once');
    attributes.set(type, value);
  }
  return attributes;
}

function readAttribute(reader: DerReader): [type: string, value: Uint8Array<ArrayBuffer>] {
  const inner = reader.readSequence();
  const type = inner.readOid();
  const values = inner.readConstructed(tags.set);
  const { bytes } = values.readElement();
  values.assertEnd();
  inner.assertEnd();
  return [type, bytes];
}

/** RFC 3370, 3.2: the bare key algorithm stands for PKCS#1 with the digest's hash, which is how OpenSSL writes RSA. */
function readSignerAlgorithm(reader: DerReader, digestHash: HashName): SignatureAlgorithm {
  const identifier = readAlgorithmIdentifier(reader);
  if (identifier.oid === keyOids.rsa) return { kind: 'rsa-pkcs1', hash: digestHash };
  return interpretSignatureAlgorithm(identifier);
}
