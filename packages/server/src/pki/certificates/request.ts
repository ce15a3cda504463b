/** Certification requests (PKCS#10, RFC 2986): what of them a profile lets be taken. Nothing is copied. */
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { TrustError } from '@signpost/protocol/errors';
import { interpretSignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import { importSubjectKey } from '@signpost/protocol/keys/verification-key';
import type { KnownExtensions } from '@signpost/protocol/x509/extensions';
import type { AttributeToWrite } from '@signpost/protocol/x509/name';
import { extensionOids } from '@signpost/protocol/x509/oids';
import {
  type CertificateRequest,
  parseRequest,
  type VerifiedRequest,
  verifyRequest,
} from '@signpost/protocol/x509/request';
import { Refusal } from '../../errors.ts';
import { toPurpose } from '../profiles/contents.ts';
import { assertNameForm, type IssuedName } from '../profiles/name-text.ts';
import type { Profile } from '../profiles/profile.ts';
import { readSubject } from '../profiles/subject.ts';
import { describeCheck, importNodeKey } from './node-verification-key.ts';
import type { SignatureCheck } from './signatures/check.ts';

/** A request of 64 KiB in base64, with lines and some text around. */
const maxPemCharacters = 100_000;

/** What a request asks for, as far as it may. */
export interface RequestedContents {
  readonly subject: readonly AttributeToWrite[];
  readonly names: readonly IssuedName[];
  readonly mustStaple: boolean;
}

/** The request in a PEM text, its signature verified. Throws `invalid`, rule `request-malformed` or `request-signature`. */
export async function openPemRequest(pem: string): Promise<VerifiedRequest> {
  return openWith(async () => verifyRequest(parseRequest(readPem(pem)), importNodeKey));
}

/** The same for DER. */
export async function openRequest(bytes: Uint8Array<ArrayBuffer>): Promise<VerifiedRequest> {
  return openWith(async () => verifyRequest(parseRequest(bytes), importNodeKey));
}

/** A request whose signature is held against its key where the certificate is signed: in one step, and not without the other. */
export interface ClaimedRequest extends CertificateRequest {
  /** The key in `spki`. */
  readonly subjectKey: SubjectKey;
  /** Undefined when the signature is verified. */
  readonly proof?: SignatureCheck;
}

/** The request in a PEM text, of ECDSA keys not verified yet. Throws as `openPemRequest` does. */
export async function claimPemRequest(pem: string): Promise<ClaimedRequest> {
  return openWith(async () => {
    const request = parseRequest(readPem(pem));
    const { spki, signatureAlgorithm, signedBytes: message, signature } = request;
    const subjectKey = parseSubjectKey(spki);
    if (subjectKey.kind !== 'ecdsa') return verifyRequest(request, () => importSubjectKey(subjectKey));
    const algorithm = interpretSignatureAlgorithm(signatureAlgorithm);
    return { ...request, subjectKey, proof: describeCheck(subjectKey, { algorithm, message, signature }) };
  });
}

// Old tools write NEW CERTIFICATE REQUEST (RFC 7468, 7).
function readPem(pem: string): Uint8Array<ArrayBuffer> {
  const label = pem.includes('-----BEGIN NEW CERTIFICATE REQUEST-----')
    ? 'NEW CERTIFICATE REQUEST'
    : 'CERTIFICATE REQUEST';
  return parsePemBlock(pem, label, maxPemCharacters);
}

async function openWith<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw refuseRequest(cause);
  }
}

/** A request that is not believed, because of what is wrong with it. */
export function refuseRequest(cause: TrustError): Refusal {
  const rule = cause.code === 'bad_signature' ? 'request-signature' : 'request-malformed';
  const key = cause.code === 'algorithm_unsupported' ? 'key-type' : rule;
  return new Refusal('invalid', `the certification request is refused: ${cause.message}`, { rule: key, cause });
}

/**
 * What of a request is taken: subject, alternative names, and a stapled answer. Extensions that the profile sets may be asked
 * for as the profile sets them; any other is refused, rule `request-extension`.
 */
export function readRequested(profile: Profile, request: CertificateRequest): RequestedContents {
  for (const { oid } of request.allExtensions) {
    if (!takenExtensions.has(oid)) throw refuse(`expected no extension ${oid} in a request`);
  }
  assertConstraints(profile, request.extensions);
  assertUsage(profile, request.extensions);
  const { tlsFeature, subjectAlternativeName } = request.extensions;
  if (tlsFeature && (tlsFeature.value.length !== 1 || tlsFeature.value[0] !== statusRequest)) {
    throw refuse('expected no TLS feature but a stapled answer');
  }
  return {
    subject: readSubject(request.subject),
    names: (subjectAlternativeName?.value ?? []).map(assertNameForm),
    mustStaple: tlsFeature !== undefined,
  };
}

/** TLS extension 5 (RFC 6066, 8). */
const statusRequest = 5;

const takenExtensions: ReadonlySet<string> = new Set([
  extensionOids.subjectAlternativeName,
  extensionOids.basicConstraints,
  extensionOids.keyUsage,
  extensionOids.extendedKeyUsage,
  extensionOids.tlsFeature,
  // Computed here, by another hash than Java's keytool uses.
  extensionOids.subjectKeyIdentifier,
]);

function assertConstraints(profile: Profile, { basicConstraints }: KnownExtensions): void {
  if (profile.kind === 'leaf' && basicConstraints?.value.isAuthority) {
    throw refuse(`expected no authority in profile ${profile.name}`);
  }
}

function assertUsage(profile: Profile, { keyUsage, extendedKeyUsage }: KnownExtensions): void {
  const { all, rsa = [], ecdsa = [], ed25519 = [] } = profile.key_usage;
  // Tools ask for keyEncipherment with every key, as RSA servers needed it before TLS 1.3: less than asked for is given.
  const harmless = new Set<string>([
    ...all,
    ...rsa,
    ...ecdsa,
    ...ed25519,
    'keyEncipherment',
    'keyAgreement',
    'contentCommitment',
  ]);
  const usage = [...(keyUsage?.value ?? [])].find((one) => !harmless.has(one));
  if (usage !== undefined) throw refuse(`expected no key usage ${usage} in profile ${profile.name}`);
  const allowed = (profile.extended_key_usage?.purposes ?? []).map(toPurpose);
  const purpose = extendedKeyUsage?.value.find((one) => !allowed.includes(one));
  if (purpose !== undefined) throw refuse(`expected no purpose ${purpose} in profile ${profile.name}`);
}

function refuse(message: string): Refusal {
  return new Refusal('invalid', message, {
    rule: 'request-extension',
    hint: 'leave extensions but the alternative names out of the request; the profile sets the others',
  });
}
