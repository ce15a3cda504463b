/** Certification requests (PKCS#10, RFC 2986). */
import { refuseDer } from '../asn1/malformed.ts';
import { DerReader, parseDer } from '../asn1/reader.ts';
import { constructedTag } from '../asn1/tag.ts';
import { assertDer } from '../asn1/walk.ts';
import { constructed, type DerValue, encoded, integer, oid, sequence, sequenceOf, setOf } from '../asn1/writer.ts';
import type { CertificateSigner } from '../keys/private-key.ts';
import type { SubjectKey } from '../keys/subject-key.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import { readKeyInfo, readSigned, type SignedStructure } from './certificate.ts';
import { interpretExtensions, type KnownExtensions, type RawExtension, readExtensions } from './extensions.ts';
import { type DistinguishedName, readName } from './name.ts';
import { verifySigned } from './verify-certificate.ts';
import { signStructure } from './write-certificate.ts';

/** A request as it says it is. Nothing is verified. */
export interface CertificateRequest extends SignedStructure {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly subject: DistinguishedName;
  readonly spki: Uint8Array<ArrayBuffer>;
  /** The extensions asked for; none are taken over by themselves. */
  readonly extensions: KnownExtensions;
  readonly allExtensions: readonly RawExtension[];
  /** The types of all other attributes. */
  readonly otherAttributes: readonly string[];
}

declare const verified: unique symbol;

/** A request whose sender holds the key. */
export interface VerifiedRequest extends CertificateRequest {
  /** The key in `spki`. */
  readonly subjectKey: SubjectKey;
  readonly [verified]: true;
}

const maxRequestBytes = 64 * 1024;
const maxAttributes = 32;

/** PKCS#9 extensionRequest (RFC 2985, 5.4.2). */
const extensionRequest = '1.2.840.113549.1.9.14';

/** Parses a DER request. Throws `too_large` above 64 KiB, otherwise `malformed`. */
export function parseRequest(bytes: Uint8Array<ArrayBuffer>): CertificateRequest {
  return parseDer(bytes, { maxBytes: maxRequestBytes }, (reader) => {
    const signed = readSigned(reader);
    const info = new DerReader(signed.signedBytes).readSequence();
    if (info.readSmallInteger() !== 0) throw refuseDer('a request of version 1');
    const subject = readName(info);
    const spki = readKeyInfo(info);
    const attributes = readAttributes(info);
    info.assertEnd();
    return { bytes, ...signed, subject, spki, ...attributes };
  });
}

type Attributes = Pick<CertificateRequest, 'extensions' | 'allExtensions' | 'otherAttributes'>;

function readAttributes(reader: DerReader): Attributes {
  const set = reader.readConstructed(constructedTag(0));
  set.assertOrder();
  const attributes = set.readAll(readAttribute);
  const types = attributes.map(({ type }) => type);
  if (types.length > maxAttributes) throw refuseDer(`at most ${maxAttributes} attributes`);
  if (new Set(types).size < types.length) throw refuseDer('each attribute once');
  const allExtensions = attributes.flatMap(({ extensions }) => extensions);
  const otherAttributes = types.filter((type) => type !== extensionRequest);
  return { extensions: interpretExtensions(allExtensions), allExtensions, otherAttributes };
}

function readAttribute(reader: DerReader): { readonly type: string; readonly extensions: readonly RawExtension[] } {
  const attribute = reader.readSequence();
  const type = attribute.readOid();
  const values = attribute.readSet();
  attribute.assertEnd();
  if (values.atEnd) throw refuseDer('an attribute with a value');
  if (type !== extensionRequest) {
    for (const { bytes } of values.readAll((one) => one.readElement())) assertDer(bytes);
    return { type, extensions: [] };
  }
  const extensions = readExtensions(values);
  values.assertEnd();
  return { type, extensions };
}

/**
 * The request, verified: its signature is made with the key that it wants certified. `importKey` may be a faster one of the
 * platform. Throws `bad_signature` and as parsing keys does.
 */
export async function verifyRequest(
  request: CertificateRequest,
  importKey: (spki: Uint8Array<ArrayBuffer>) => VerificationKey | Promise<VerificationKey> = importPublicKey,
): Promise<VerifiedRequest> {
  const key = await importKey(request.spki);
  await verifySigned(request, key);
  return { ...request, subjectKey: key.subjectKey } as VerifiedRequest;
}

/** What to ask for. */
export interface RequestToWrite {
  readonly subject: DistinguishedName;
  /** From `encodeExtensions`. */
  readonly extensions: readonly DerValue[];
}

/** A request signed by the key that is to be certified, DER. */
export function signRequest(request: RequestToWrite, signer: CertificateSigner): Promise<Uint8Array<ArrayBuffer>> {
  const { subject, extensions } = request;
  const asked = extensions.length > 0 ? [sequence(oid(extensionRequest), setOf([sequenceOf(extensions)]))] : [];
  const info = sequence(
    integer(0),
    encoded(subject.bytes),
    encoded(signer.subjectKey.spki),
    constructed(constructedTag(0), asked),
  );
  return signStructure(info, signer);
}
