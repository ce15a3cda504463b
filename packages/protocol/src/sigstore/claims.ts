/** What a signing certificate says of its holder: the SAN and Fulcio's extensions (sigstore/fulcio, docs/oid-info.md). */
import { parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { GeneralName } from '../x509/general-name.ts';
import { assertGeneralName } from '../x509/name-syntax.ts';

/** Who signed, as the one name of the certificate has it. */
export interface SignerSubject {
  readonly kind: 'uri' | 'email' | 'other-name';
  readonly value: string;
}

/** The claims by the last arc of their identifier below 1.3.6.1.4.1.57264.1. */
const claimArcs = {
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibility: 22,
  deploymentEnvironment: 23,
} as const;

/** A claim that a certificate may make beside issuer and subject. */
export type ClaimName = keyof typeof claimArcs;

/** What an authority vouches for. A claim that is not there was not made; none is empty. */
export interface SignerClaims extends Readonly<Partial<Record<ClaimName, string>>> {
  /** Who told the authority so: the `iss` of an OpenID token. */
  readonly issuer: string;
  readonly subject: SignerSubject;
}

/** Above this a claim is refused, in UTF-16 units. */
export const maxClaimLength = 4096;

/** The same fact in the older extensions, as raw octets; the newer one counts, and must not differ. */
const olderArcs: Partial<Record<ClaimName, number>> = {
  buildTrigger: 2,
  sourceRepositoryDigest: 3,
  sourceRepositoryRef: 6,
};

const fulcioArc = '1.3.6.1.4.1.57264.1';
const otherNameType = `${fulcioArc}.7`;

/**
 * The claims of a certificate that somebody else verifies. Throws `malformed` for a claim in another encoding than its own,
 * `certificate_invalid` without exactly one name, without an issuer, or when two extensions disagree.
 */
export function parseSignerClaims(certificate: Pick<Certificate, 'extensions' | 'allExtensions'>): SignerClaims {
  const extensions = new Map(certificate.allExtensions.map(({ oid, value }) => [oid, value]));
  const issuer = readClaim(extensions, 'issuer', { arc: 8, olderArc: 1 });
  if (issuer === undefined) throw refuse('an issuer in the certificate', 'none');
  const claims: Partial<Record<ClaimName, string>> = {};
  for (const name of Object.keys(claimArcs) as ClaimName[]) {
    const value = readClaim(extensions, name, { arc: claimArcs[name], olderArc: olderArcs[name] });
    if (value !== undefined) claims[name] = value;
  }
  return { issuer, subject: readSubject(certificate), ...claims };
}

type Extensions = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

function readClaim(
  extensions: Extensions,
  name: string,
  { arc, olderArc }: { readonly arc: number; readonly olderArc: number | undefined },
): string | undefined {
  const value = extensions.get(`${fulcioArc}.${arc}`);
  const older = olderArc === undefined ? undefined : extensions.get(`${fulcioArc}.${olderArc}`);
  const text =
    value && parseDer(value, { maxBytes: value.length }, (reader) => reader.readString([tags.utf8String]).text);
  const olderText = older && parseText(older);
  if (text && olderText && text !== olderText) {
    throw refuse(`one ${name} in both of its extensions`, `${quote(olderText)} and ${quote(text)}`);
  }
  const claim = text || olderText;
  if (claim) assertClaim(claim, name);
  // Some authorities write what they do not know as empty text.
  return claim || undefined;
}

function assertClaim(text: string, name: string): void {
  if (text.length > maxClaimLength)
    throw new TrustError('too_large', `expected ${name} of at most ${maxClaimLength} characters`);
  if (/[\p{Cc}\u2028\u2029]/u.test(text))
    throw new TrustError('malformed', `expected ${name} without control characters`);
}

/** Two names would be two identities, of which a verifier could pick either. */
function readSubject({ extensions }: Pick<Certificate, 'extensions'>): SignerSubject {
  const names = extensions.subjectAlternativeName?.value ?? [];
  const [name] = names;
  if (name === undefined || names.length > 1)
    throw refuse('exactly one subject alternative name', String(names.length));
  assertGeneralName(name);
  const subject = interpretName(name);
  assertClaim(subject.value, 'the subject');
  return subject;
}

function interpretName(name: GeneralName): SignerSubject {
  if (name.kind === 'uri' || name.kind === 'email') return { kind: name.kind, value: name.text };
  if (name.kind === 'other' && name.type === otherNameType) {
    const { value } = name;
    const text = parseDer(value, { maxBytes: value.length }, (reader) => reader.readString([tags.utf8String]).text);
    if (text === '') throw refuse('a user name', 'an empty one');
    return { kind: 'other-name', value: text };
  }
  throw refuse('a URI, a mailbox or a user name as subject alternative name', name.kind);
}

function refuse(expected: string, got: string): TrustError {
  return new TrustError('certificate_invalid', `expected ${expected}, got ${got}`);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
