/** Verifies who signed a message (RFC 5652, 5.4 and 5.6), for one signer and one certificate. */
import { refuseDer } from '../asn1/malformed.ts';
import { parseDer } from '../asn1/reader.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { digestBytes } from '../keys/digest.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import type { Certificate } from '../x509/certificate.ts';
import { isSameName } from '../x509/name.ts';
import { attributeTypes } from './oids.ts';
import type { SignedData, SignerIdentifier, SignerInfo } from './signed-data.ts';

declare const verified: unique symbol;

/** A signature that was verified under the key of a certificate. Whether to trust that certificate is another question. */
export interface VerifiedSigner {
  readonly [verified]: true;
  readonly certificate: Certificate;
  readonly signedAttributes: SignerInfo['signedAttributes'];
  readonly content: Uint8Array<ArrayBuffer>;
}

/** A certificate, and its key ready for use. */
export interface KnownSigner {
  readonly certificate: Certificate;
  readonly key: VerificationKey;
}

/**
 * The signer of `content`, whose certificate is `known`, or among the message's own or `others`. `content` where the message holds
 * none. Throws `certificate_untrusted` when no certificate is the signer's, `digest_mismatch`, `bad_signature`, or `malformed`.
 */
export async function verifySigner(
  signed: SignedData,
  info: SignerInfo,
  {
    others = [],
    content = signed.content,
    known,
  }: {
    readonly others?: readonly Certificate[];
    readonly content?: Uint8Array<ArrayBuffer> | undefined;
    readonly known?: KnownSigner | undefined;
  } = {},
): Promise<VerifiedSigner> {
  if (!content) throw refuseDer('the content that was signed');
  const candidates = known ? [known.certificate] : [...signed.certificates, ...others];
  const certificate = candidates.find((one) => isSigner(info.signer, one));
  if (!certificate) throw new TrustError('certificate_untrusted', 'expected the certificate of the signer, found none');
  assertContentType(info, signed.contentType);
  await assertDigest(info, content);
  const key = known?.key ?? (await importPublicKey(certificate.spki));
  const { signatureAlgorithm: algorithm, signedBytes: message, signature } = info;
  await key.verify({ algorithm, message, signature });
  return { certificate, signedAttributes: info.signedAttributes, content } as VerifiedSigner;
}

/** Whether a signature says that it is by the holder of this certificate. */
export function isSigner(signer: SignerIdentifier, { issuer, serialNumber, extensions }: Certificate): boolean {
  if (signer.kind === 'issuer') {
    return isSameName(signer.issuer, issuer) && isSameBytes(signer.serialNumber, serialNumber);
  }
  const own = extensions.subjectKeyIdentifier?.value;
  return own !== undefined && isSameBytes(own, signer.keyIdentifier);
}

/** RFC 5652, 11.1: the type of the content is signed too, so that it cannot pass for another. */
function assertContentType({ signedAttributes }: SignerInfo, contentType: string): void {
  const value = signedAttributes.get(attributeTypes.contentType);
  if (!value) throw refuseDer('the content type among the signed attributes');
  const stated = parseDer(value, { maxBytes: 140 }, (reader) => reader.readOid());
  if (stated !== contentType) throw refuseDer(`signed content of type ${contentType}, got ${stated}`);
}

/** RFC 5652, 11.2. */
async function assertDigest(
  { signedAttributes, digestHash }: SignerInfo,
  content: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const value = signedAttributes.get(attributeTypes.messageDigest);
  if (!value) throw refuseDer('the digest among the signed attributes');
  const stated = parseDer(value, { maxBytes: 100 }, (reader) => reader.readOctetString());
  if (!isSameBytes(stated, await digestBytes(digestHash, content))) {
    throw new TrustError('digest_mismatch', 'expected the content that was signed, got another');
  }
}
