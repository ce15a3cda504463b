/** What an offline root signs: itself, authorities below it, and its revocation lists (RFC 5280). */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import { deriveKeyIdentifier, parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { NameConstraints } from '@signpost/protocol/x509/constraint-extensions';
import { lintCertificate } from '@signpost/protocol/x509/lint/lint-certificate';
import { type AttributeToWrite, createName, type DistinguishedName } from '@signpost/protocol/x509/name';
import { accessMethods, anyPolicy } from '@signpost/protocol/x509/oids';
import { parseRequest, type VerifiedRequest, verifyRequest } from '@signpost/protocol/x509/request';
import {
  parseRevocationList,
  type RevocationList,
  type RevocationReason,
} from '@signpost/protocol/x509/revocation-list';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import {
  type CertificateToWrite,
  createSerialNumber,
  signCertificate,
} from '@signpost/protocol/x509/write-certificate';
import { type ExtensionsToWrite, encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import { encodeEntry, signRevocationList } from '@signpost/protocol/x509/write-revocation-list';
import { Failure } from '../terminal/failure.ts';
import type { AuthorityFolder } from './folder.ts';

const dayMs = 86_400_000;
// Clocks of clients run late by minutes.
const backdatingMs = 5 * 60_000;

/** A root to be. */
export interface RootPlan {
  readonly subject: readonly AttributeToWrite[];
  readonly days: number;
  readonly pathLength: number | undefined;
  readonly now: number;
}

/** The certificate that a root gives itself. Throws TypeError for a subject that no certificate can carry. */
export async function signRoot(plan: RootPlan, signer: CertificateSigner): Promise<Certificate> {
  const subject = createName(plan.subject);
  const identifier = await deriveKeyIdentifier(signer.subjectKey);
  const extensions: ExtensionsToWrite = {
    basicConstraints: { isAuthority: true, pathLength: plan.pathLength },
    keyUsage: ['keyCertSign', 'cRLSign'],
    subjectKeyIdentifier: identifier,
    authorityKeyIdentifier: identifier,
  };
  const written = describe({ ...plan, subject, issuer: subject, key: signer.subjectKey }, extensions);
  return assertSound(parseCertificate(await signCertificate(written, signer)), undefined);
}

/** An authority to be signed: exactly this is shown, and then signed. */
export interface SubordinatePlan {
  readonly request: VerifiedRequest;
  readonly key: SubjectKey;
  readonly pathLength: number;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly crl: string | undefined;
  readonly issuerUrl: string | undefined;
  /** Names below which alone, or not at all, certificates may be: whoever holds the key. */
  readonly nameConstraints: NameConstraints | undefined;
  /** By a profile: all that is to be signed, and the hash that it names. */
  readonly byProfile?: {
    readonly name: string;
    readonly contents: CertificateToWrite;
    readonly hash: HashName | undefined;
  };
}

/** What the holder of the root decides. */
export interface SubordinateWish {
  /** Without it 3650, or what the profile says. */
  readonly days: number | undefined;
  /** What may be signed; without it any authority. */
  readonly profile?: { readonly name: string; readonly document: unknown } | undefined;
  /** Instead of what is asked for. */
  readonly pathLength: number | undefined;
  readonly crl: string | undefined;
  readonly issuerUrl: string | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly now: number;
}

/**
 * What is to be signed for a request. Throws TrustError for a request that is none, that its key has not signed, or that asks
 * for more than an authority's path length, usages and key identifier; Failure when root or profile do not allow it.
 */
export async function planSubordinate(
  { root, key }: AuthorityFolder,
  bytes: Uint8Array<ArrayBuffer>,
  wish: SubordinateWish,
): Promise<SubordinatePlan> {
  const request = await verifyRequest(parseRequest(bytes));
  assertAsked(request);
  if (wish.now > root.notAfter) throw new Failure('refused', 'this root has expired');
  if (wish.profile)
    return planByProfile(root, { request, rootKey: parseSubjectKey(key.spki) }, { ...wish, ...wish.profile });
  const pathLength = wish.pathLength ?? request.extensions.basicConstraints?.value.pathLength ?? 0;
  const room = root.extensions.basicConstraints?.value.pathLength;
  if (room !== undefined && pathLength >= room) {
    throw new Failure('refused', `this root allows a path length below ${room}, got ${pathLength}`, {
      hint: room > 0 ? `--path-length ${room - 1}` : 'make a root with a longer path',
    });
  }
  const { notBefore, notAfter } = choosePeriod({ days: wish.days ?? usualDays, now: wish.now });
  return {
    ...{ request, key: request.subjectKey, pathLength, crl: wish.crl, issuerUrl: wish.issuerUrl },
    nameConstraints: wish.nameConstraints,
    ...{ notBefore: Math.max(notBefore, root.notBefore), notAfter: Math.min(notAfter, root.notAfter) },
  };
}

const usualDays = 3650;

/** The same by a profile: the rules are the server's. */
async function planByProfile(
  root: Certificate,
  asked: { readonly request: VerifiedRequest; readonly rootKey: SubjectKey },
  wish: SubordinateWish & { readonly name: string; readonly document: unknown },
): Promise<SubordinatePlan> {
  const { planSubordinate: plan } = await import('@signpost/server/pki/plan-subordinate');
  const { contents, hash, pathLength, nameConstraints } = planOrFail(() => plan(root, asked, wish));
  const { notBefore, notAfter } = contents;
  return {
    ...{ request: asked.request, key: asked.request.subjectKey, pathLength, nameConstraints, notBefore, notAfter },
    ...{ crl: wish.crl, issuerUrl: wish.issuerUrl, byProfile: { name: wish.name, contents, hash } },
  };
}

function planOrFail<T>(plan: () => T): T {
  try {
    return plan();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const hint = 'hint' in cause && typeof cause.hint === 'string' ? { hint: cause.hint } : {};
    throw new Failure('refused', cause.message, { ...hint, cause });
  }
}

/** Signs what was planned. */
export async function signSubordinate(
  { root }: AuthorityFolder,
  plan: SubordinatePlan,
  signer: CertificateSigner,
): Promise<Certificate> {
  const { request, key, pathLength, crl, issuerUrl, nameConstraints, byProfile } = plan;
  if (byProfile) return assertSound(parseCertificate(await signCertificate(byProfile.contents, signer)), root);
  const rootIdentifier = root.extensions.subjectKeyIdentifier?.value ?? (await deriveKeyIdentifier(signer.subjectKey));
  const extensions: ExtensionsToWrite = {
    basicConstraints: { isAuthority: true, pathLength },
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    certificatePolicies: [{ policy: anyPolicy }],
    ...(nameConstraints && { nameConstraints }),
    subjectKeyIdentifier: request.extensions.subjectKeyIdentifier?.value ?? (await deriveKeyIdentifier(key)),
    authorityKeyIdentifier: rootIdentifier,
    ...(crl !== undefined && { crlDistributionPoints: [crl] }),
    ...(issuerUrl !== undefined && {
      authorityInformationAccess: [{ method: accessMethods.caIssuers, location: { kind: 'uri', text: issuerUrl } }],
    }),
  };
  const written = {
    ...{ serialNumber: createSerialNumber(), issuer: root.subject, subject: request.subject, spki: request.spki },
    ...{ notBefore: plan.notBefore, notAfter: plan.notAfter, extensions: encodeExtensions(extensions) },
  };
  return assertSound(parseCertificate(await signCertificate(written, signer)), root);
}

/** A further certificate to be listed. */
export interface Revocation {
  /** Lower-case hex. */
  readonly serial: string;
  readonly reason: RevocationReason;
}

/**
 * The next revocation list: what the last one says, and `revocations`. Throws Failure for a serial number that this root never
 * gave, or that is listed already.
 */
export async function signNextList(
  { root, issued, list }: AuthorityFolder,
  { revocations, days, now }: { revocations: readonly Revocation[]; days: number; now: number },
  signer: CertificateSigner,
): Promise<RevocationList> {
  const listed = new Set(list?.entries.map(({ serialNumber }) => encodeHex(serialNumber)));
  const fresh = revocations.map(({ serial, reason }) => {
    const found = issued.find(({ serialNumber }) => encodeHex(serialNumber) === serial);
    if (!found)
      throw new Failure('refused', `this root gave no serial number ${serial}`, { hint: 'signpost ca root show' });
    if (listed.has(serial)) throw new Failure('refused', `${serial} is listed already`);
    return encodeEntry({ serialNumber: found.serialNumber, revokedAt: now, reason });
  });
  const kept = (list?.entries ?? []).map(({ invalidSince, ...entry }) =>
    encodeEntry({ ...entry, ...(invalidSince !== undefined && { invalidSince }) }),
  );
  const bytes = await signRevocationList(
    {
      issuer: root.subject,
      authorityKeyIdentifier: root.extensions.subjectKeyIdentifier?.value ?? new Uint8Array(),
      ...{ thisUpdate: now, nextUpdate: now + days * dayMs, number: (list?.number ?? 0n) + 1n },
      entries: [...kept, ...fresh],
    },
    signer,
  );
  return parseRevocationList(bytes);
}

interface Description {
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly key: SubjectKey;
  readonly days: number;
  readonly now: number;
}

function describe({ subject, issuer, key, days, now }: Description, extensions: ExtensionsToWrite) {
  return {
    ...{ serialNumber: createSerialNumber(), issuer, subject, spki: key.spki, ...choosePeriod({ days, now }) },
    extensions: encodeExtensions(extensions),
  };
}

function choosePeriod({ days, now }: { readonly days: number; readonly now: number }) {
  const second = Math.floor(now / 1000) * 1000;
  return { notBefore: second - backdatingMs, notAfter: second + days * dayMs };
}

/** Of what is asked for, nothing is copied; what is not understood is refused, so that nobody believes that it was signed. */
function assertAsked({ extensions, allExtensions }: VerifiedRequest): void {
  const known = [extensions.basicConstraints, extensions.keyUsage, extensions.subjectKeyIdentifier];
  if (allExtensions.length !== known.filter(Boolean).length) {
    throw new TrustError('certificate_invalid', 'expected a request for path length, usages and key identifier alone');
  }
  if (extensions.basicConstraints?.value.isAuthority === false) {
    throw new TrustError('certificate_invalid', 'expected a request of an authority');
  }
}

async function assertSound(certificate: Certificate, root: Certificate | undefined): Promise<Certificate> {
  const kind = root ? ('intermediate' as const) : ('root' as const);
  const [wrong] = lintCertificate(certificate, { kind, ...(root && { issuer: root }) }).filter(
    ({ severity }) => severity === 'error',
  );
  if (wrong) throw new TrustError('certificate_invalid', `${wrong.message} (${wrong.clause})`);
  const anchors = [root ?? certificate];
  await verifyCertificate(certificate, { anchors, intermediates: [] }, { at: certificate.notBefore });
  return certificate;
}
