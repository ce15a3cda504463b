/** What an authority whose key is on no server signs by a profile: planned from the request, to be shown before it is signed. */
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { NameConstraints } from '@signpost/protocol/x509/constraint-extensions';
import type { VerifiedRequest } from '@signpost/protocol/x509/request';
import { type CertificateToWrite, createSerialNumber } from '@signpost/protocol/x509/write-certificate';
import { Refusal } from '../../errors.ts';
import { composeCertificate, computeKeyIdentifier, describeConstraints } from '../profiles/contents.ts';
import { type Profile, parseProfiles } from '../profiles/profile.ts';
import { composeSubject, readSubject } from '../profiles/subject.ts';
import { decideValidity } from '../profiles/validity.ts';
import { findHash } from './profile-hash.ts';
import { choosePathLength, dayMs } from './wish.ts';

/** What the holder of the key decides. */
export interface SubordinateWish {
  /** Names the profile in refusals. */
  readonly name: string;
  /** One profile, as `signpost cert profile show` writes it. */
  readonly document: unknown;
  readonly days: number | undefined;
  /** Instead of what is asked for. */
  readonly pathLength: number | undefined;
  readonly crl: string | undefined;
  readonly issuerUrl: string | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly now: number;
}

/** What is to be signed, and how. */
export interface PlannedSubordinate {
  readonly contents: CertificateToWrite;
  readonly pathLength: number;
  readonly nameConstraints: NameConstraints | undefined;
  /** Instead of the hash that the issuer's key signs with. */
  readonly hash: HashName | undefined;
}

/**
 * What `root` is to sign for `request`. Throws a TypeError that lists every problem of the profile, and `invalid` for what profile or root do not allow:
 * kind, key, subject, lifetime, path length, name constraints, addresses.
 */
export function planSubordinate(
  root: Certificate,
  { request, rootKey }: { readonly request: VerifiedRequest; readonly rootKey: CertificateSigner['subjectKey'] },
  wish: SubordinateWish,
): PlannedSubordinate {
  const profile = requireIntermediate(parseProfiles({ [wish.name]: wish.document }).get(wish.name));
  assertAddresses(profile, wish);
  const { basicConstraints, subjectKeyIdentifier } = request.extensions;
  const { nameConstraints } = describeConstraints(profile, wish.nameConstraints);
  const pathLength = choosePathLength([root], profile, wish.pathLength ?? basicConstraints?.value.pathLength);
  // Refuses what the profile does not let stand there; what is written is the request's own, byte for byte.
  composeSubject(profile, readSubject(request.subject), root.subject);
  const { crl, issuerUrl } = wish;
  const contents = composeCertificate(profile, {
    ...{ issuer: root, subject: [], names: [], publicKey: request.subjectKey, pathLength },
    ...{ validity: decidePeriod(profile, root, wish), serial: createSerialNumber() },
    locations: { crl: listOne(crl), ocsp: [], issuer: listOne(issuerUrl) },
    kept: {
      ...{ subject: request.subject, nameConstraints },
      keyIdentifier: subjectKeyIdentifier?.value ?? computeKeyIdentifier(request.subjectKey),
    },
  });
  return { contents, pathLength, nameConstraints, hash: findHash(rootKey, profile) };
}

function requireIntermediate(profile: Profile | undefined): Profile {
  if (profile?.kind === 'intermediate') return profile;
  throw new Refusal('invalid', `expected a profile of intermediates, got one of the kind ${profile?.kind}`, {
    rule: 'profile-kind',
  });
}

function assertAddresses({ name, locations }: Profile, { crl, issuerUrl }: SubordinateWish): void {
  const given = [...listOne(crl && ('crl' as const)), ...listOne(issuerUrl && ('issuer' as const))];
  const foreign = given.find((kind) => !locations.includes(kind));
  if (foreign === undefined) return;
  throw new Refusal('invalid', `profile ${name} points at no address of the kind ${foreign}`, { rule: 'locations' });
}

/** Never before the root begins, and never after it ends. */
function decidePeriod(profile: Profile, root: Certificate, { now, days }: SubordinateWish) {
  const lifetimeMs = days === undefined ? undefined : days * dayMs;
  const { notBefore, notAfter } = decideValidity(profile, { now, lifetimeMs, issuerNotAfter: root.notAfter });
  return { notBefore: Math.max(notBefore, root.notBefore), notAfter };
}

function listOne<T extends string>(text: T | '' | undefined): readonly T[] {
  return text === undefined || text === '' ? [] : [text];
}
