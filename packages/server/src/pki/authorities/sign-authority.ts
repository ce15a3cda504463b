/** Signing the certificate of one authority with the key of another, checked before anybody sees it. */
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import type { SubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { DistinguishedName } from '@signpost/protocol/x509/name';
import { signRequest } from '@signpost/protocol/x509/request';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import {
  type ContentsWish,
  composeCertificate,
  computeKeyIdentifier,
  type KeptContents,
  type Locations,
} from '../profiles/contents.ts';
import { findProfile, openBuiltInProfiles, type Profile } from '../profiles/profile.ts';
import { composeSubject, orderSubject } from '../profiles/subject.ts';
import { decideValidity } from '../profiles/validity.ts';
import type { AuthorityParts } from './authority.ts';
import type { Issuer } from './issuer.ts';
import { locateAuthority } from './locations.ts';
import { signByProfile } from './profile-hash.ts';
import { assertSound } from './sound.ts';
import { readOrganisationSlug } from './store.ts';
import { choosePathLength, dayMs, type NewSubordinate, readPathLength } from './wish.ts';

/** Whom to certify, and for how long: a new authority by `subject`, one that has a certificate by `kept`. */
export interface SignatureWish
  extends Pick<NewSubordinate, 'days' | 'pathLength' | 'nameConstraints'>,
    Partial<Pick<NewSubordinate, 'subject'>> {
  readonly publicKey: SubjectKey;
  readonly kept?: KeptContents;
}

/** The same for an authority below another. */
export interface SubordinateSignatureWish extends SignatureWish {
  readonly profile: Profile;
}

/** A certificate below `issuer`. Throws `invalid` for what the profile or the issuer does not allow. */
export async function signBelow(
  parts: AuthorityParts,
  issuer: Issuer,
  { profile, ...wish }: SubordinateSignatureWish,
): Promise<Certificate> {
  const chain = [issuer.certificate, ...issuer.chain];
  const composed = composeCertificate(profile, {
    ...describe(profile, wish, { now: parts.now(), issuer: issuer.certificate }),
    pathLength: choosePathLength(chain, profile, wish.pathLength),
    locations: await locate(parts, issuer),
  });
  const signer = signByProfile(issuer.signer, profile);
  const certificate = parseCertificate(await signCertificate(composed, signer));
  await assertSound(certificate, chain, { weakKeys: parts.weakKeys, algorithm: signer.algorithm });
  return certificate;
}

/** The certificate that a root gives itself. Throws `invalid` for what the profile does not allow. */
export async function signItself(
  { now, weakKeys }: Pick<AuthorityParts, 'now' | 'weakKeys'>,
  signer: Issuer['signer'],
  wish: SignatureWish,
): Promise<Certificate> {
  const profile = rootProfile();
  const pathLength = profile.path_length ? readPathLength(profile, wish.pathLength) : wish.pathLength;
  const composed = composeCertificate(profile, {
    ...describe(profile, wish, { now: now(), issuer: undefined }),
    ...{ pathLength, locations: nowhere },
  });
  const byProfile = signByProfile(signer, profile);
  const certificate = parseCertificate(await signCertificate(composed, byProfile));
  await assertSound(certificate, [], { weakKeys, algorithm: byProfile.algorithm });
  return certificate;
}

/** What a request asks for. */
export interface RequestWish extends Omit<SubordinateSignatureWish, 'publicKey' | 'days' | 'nameConstraints'> {
  /** The subject of the authority that is to sign, where it is known. */
  readonly issuer?: DistinguishedName;
}

/** A request (PKCS#10, DER) that says what `signBelow` would write, for an authority that others sign. Throws `invalid` for what the profile does not allow. */
export async function signAuthorityRequest(
  signer: CertificateSigner,
  { profile, subject = {}, kept, pathLength, issuer }: RequestWish,
): Promise<Uint8Array<ArrayBuffer>> {
  const extensions = encodeExtensions({
    basicConstraints: { isAuthority: true, pathLength: readPathLength(profile, pathLength) },
    keyUsage: profile.key_usage.all,
    subjectKeyIdentifier: kept?.keyIdentifier ?? computeKeyIdentifier(signer.subjectKey),
  });
  const name = kept?.subject ?? composeSubject(profile, orderSubject(subject), issuer);
  return signRequest({ subject: name, extensions }, signer);
}

function rootProfile(): Profile {
  return findProfile(openBuiltInProfiles(), 'root');
}

const nowhere: Locations = { crl: [], ocsp: [], issuer: [] };

function describe(
  profile: Profile,
  { subject = {}, kept, publicKey, days, nameConstraints }: SignatureWish,
  { now, issuer }: { readonly now: number; readonly issuer: Certificate | undefined },
): Omit<ContentsWish, 'locations'> {
  const lifetimeMs = days === undefined ? undefined : days * dayMs;
  return {
    ...{ issuer, publicKey, names: [], nameConstraints, serial: createSerialNumber() },
    subject: orderSubject(subject),
    validity: decideValidity(profile, { now, lifetimeMs, issuerNotAfter: issuer?.notAfter }),
    ...(kept && { kept }),
  };
}

async function locate({ database, pkiUrl }: AuthorityParts, issuer: Issuer): Promise<Locations> {
  return locateAuthority(pkiUrl, await readOrganisationSlug(database.query, issuer.organisationId), issuer.name);
}
