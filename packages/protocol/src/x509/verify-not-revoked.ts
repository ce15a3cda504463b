/** Whether a verified path still holds, by revocation lists (RFC 5280, 6.3) and OCSP responses (RFC 6960). Unknown is not good. */

import { encodeDer } from '../asn1/writer.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { importPublicKey } from '../keys/verification-key.ts';
import { type Certificate, isAuthority } from './certificate.ts';
import { encodeGeneralName, type GeneralName } from './general-name.ts';
import { type DistributionPoint, type ReasonFlag, reasonFlags, resolvePointName } from './location-extensions.ts';
import { formatName, isSameName } from './name.ts';
import type { OcspResponse } from './ocsp/response.ts';
import { verifyOcspResponse } from './ocsp/verify-response.ts';
import { findEntry, type RevocationList, type RevokedEntry } from './revocation-list.ts';
import { type CertificatePool, type VerifiedPath, verifyCertificate, verifySigned } from './verify-certificate.ts';

/** What is known about revocation. */
export interface RevocationSources {
  readonly lists: readonly RevocationList[];
  /** Responses that were stapled or fetched. A good one covers its certificate; those that prove nothing do not count. */
  readonly responses?: readonly OcspResponse[];
  /** Where certificates of keys that only sign lists are looked for. */
  readonly pool: CertificatePool;
}

interface Link {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
}

/** How deep keys that sign lists may be certified by others whose status is in lists again. */
const maxSignerDepth = 3;

/**
 * Throws `certificate_revoked` when a certificate of `path` below the anchor is revoked or on hold at the time of the path,
 * `revocation_unknown` when neither a response nor the current lists for every reason cover one of them. Where they differ, revoked
 * is what counts: nobody can tell a release from an old answer.
 */
export async function verifyNotRevoked(path: VerifiedPath, sources: RevocationSources): Promise<void> {
  await assertLinks(path, new RevocationCheck(path, sources, maxSignerDepth));
}

async function assertLinks(path: VerifiedPath, check: RevocationCheck): Promise<void> {
  for (const [index, certificate] of path.certificates.slice(0, -1).entries()) {
    const issuer = path.certificates[index + 1];
    if (issuer) await check.assertGood({ certificate, issuer });
  }
}

class RevocationCheck {
  readonly #path: VerifiedPath;
  readonly #sources: RevocationSources;
  readonly #depth: number;
  readonly #signers = new Map<RevocationList, Promise<boolean>>();

  constructor(path: VerifiedPath, sources: RevocationSources, depth: number) {
    this.#path = path;
    this.#sources = sources;
    this.#depth = depth;
  }

  async assertGood(link: Link): Promise<void> {
    const isGood = await this.#hasGoodResponse(link);
    await this.#assertGoodByLists(link).catch((error: unknown) => {
      if (!isGood || !(error instanceof TrustError) || error.code !== 'revocation_unknown') throw error;
    });
  }

  /** Whether a response says so. Throws `certificate_revoked` when one says the opposite. */
  async #hasGoodResponse({ certificate, issuer }: Link): Promise<boolean> {
    let isGood = false;
    for (const response of this.#sources.responses ?? []) {
      if (!isAbout(response, certificate)) continue;
      try {
        await verifyOcspResponse(response, { certificate, issuer, at: this.#path.at });
        isGood = true;
      } catch (error) {
        // What is not the issuer's word, not current or about another certificate says nothing.
        if (!(error instanceof TrustError) || error.code === 'certificate_revoked') throw error;
      }
    }
    return isGood;
  }

  /** RFC 5280, 6.3.3, for each distribution point and then for the issuer's own lists. */
  async #assertGoodByLists(link: Link): Promise<void> {
    const covered = new Set<ReasonFlag>();
    for (const point of listPoints(link.certificate)) {
      for (const list of this.#sources.lists.filter((one) => isRelevant(one, link.certificate, point))) {
        if (covered.size === reasonFlags.length) return;
        if (!(await this.#isUsable(list, link))) continue;
        await this.#assertNotListed(list, link);
        for (const reason of listReasons(list, point)) covered.add(reason);
      }
    }
    if (covered.size < reasonFlags.length) {
      const name = formatName(link.certificate.subject);
      throw new TrustError('revocation_unknown', `expected current revocation lists for ${name} and every reason`);
    }
  }

  /** The newest change counts: 6.3.3 (i) and (j). */
  async #assertNotListed(list: RevocationList, link: Link): Promise<void> {
    const deltas = this.#sources.lists
      .filter((one) => isDeltaOf(one, list))
      .sort((a, b) => (a.number < b.number ? 1 : -1));
    for (const delta of deltas) {
      if (!(await this.#isUsable(delta, link))) continue;
      const change = findEntry(delta, link.certificate.serialNumber);
      if (change?.reason === 'removeFromCRL') return;
      if (change) throw refuseRevoked(link.certificate, change);
      break;
    }
    const entry = findEntry(list, link.certificate.serialNumber);
    if (entry) throw refuseRevoked(link.certificate, entry);
  }

  #isUsable(list: RevocationList, link: Link): Promise<boolean> {
    const { at } = this.#path;
    if (list.thisUpdate > at || Math.floor(at / 1000) * 1000 > list.nextUpdate) return Promise.resolve(false);
    const pending = this.#signers.get(list) ?? this.#isSigned(list, link.issuer);
    this.#signers.set(list, pending);
    return pending;
  }

  /** 6.3.3 (f) and (g): by the issuer's key, or by one that the same anchor certifies for this under the issuer's name. */
  async #isSigned(list: RevocationList, issuer: Certificate): Promise<boolean> {
    if (await isSignedBy(list, issuer)) return true;
    const { anchors, intermediates } = this.#sources.pool;
    const others = [...intermediates, ...anchors].filter(
      (one) => isSameName(one.subject, list.issuer) && one !== issuer,
    );
    for (const signer of others) {
      if ((await isSignedBy(list, signer)) && (await this.#isCertified(signer, list))) return true;
    }
    return false;
  }

  async #isCertified(signer: Certificate, list: RevocationList): Promise<boolean> {
    if (this.#depth === 0) return false;
    const { anchor, at, profile } = this.#path;
    if (signer === anchor) return true;
    try {
      const path = await verifyCertificate(
        signer,
        { ...this.#sources.pool, anchors: [anchor] },
        { at, profile: profile === 'path' ? 'path' : 'rfc5280' },
      );
      // A list cannot vouch for the key that signs it.
      const lists = this.#sources.lists.filter((one) => one !== list);
      await assertLinks(path, new RevocationCheck(path, { ...this.#sources, lists }, this.#depth - 1));
      return true;
    } catch (error) {
      if (error instanceof TrustError) return false;
      throw error;
    }
  }
}

/** Whether it is worth verifying for this certificate: serial numbers are compared before signatures. */
function isAbout(response: OcspResponse, { serialNumber }: Certificate): boolean {
  const serial = encodeHex(serialNumber);
  return response.kind === 'basic' && response.responses.some(({ id }) => encodeHex(id.serialNumber) === serial);
}

/** The points that a certificate names, and its issuer's own name (6.3.3: "with a DP name of the certificate issuer"). */
function listPoints({ extensions, issuer }: Certificate): readonly DistributionPoint[] {
  const own: GeneralName = { kind: 'directory', name: issuer };
  const implied: DistributionPoint = { name: { kind: 'full', names: [own] }, reasons: undefined, crlIssuer: undefined };
  return [...(extensions.crlDistributionPoints?.value ?? []), implied];
}

/** 6.3.3 (b): issuer and scope. */
function isRelevant(list: RevocationList, certificate: Certificate, point: DistributionPoint): boolean {
  const { scope, deltaBase, issuer } = list;
  if (deltaBase !== undefined || point.crlIssuer || !isSameName(issuer, certificate.issuer)) return false;
  if (!scope) return true;
  if (scope.onlyAttributes || (scope.onlyUsers && isAuthority(certificate))) return false;
  if (scope.onlyAuthorities && !isAuthority(certificate)) return false;
  if (!scope.name) return true;
  const offered = listNameKeys(resolvePointName(scope.name, issuer));
  const wanted = point.name ? listNameKeys(resolvePointName(point.name, certificate.issuer)) : [];
  return wanted.some((key) => offered.includes(key));
}

function listNameKeys(names: readonly GeneralName[]): readonly string[] {
  return names.map((name) =>
    name.kind === 'directory' ? JSON.stringify(name.name.keys) : encodeHex(encodeDer(encodeGeneralName(name))),
  );
}

/** 6.3.3 (d). */
function listReasons({ scope }: RevocationList, { reasons }: DistributionPoint): readonly ReasonFlag[] {
  return reasonFlags.filter((one) => (scope?.onlyReasons?.has(one) ?? true) && (reasons?.has(one) ?? true));
}

/** 5.2.4 and 6.3.3 (c): same issuer, same scope, based on this list or an older one, and newer than it. */
function isDeltaOf(delta: RevocationList, list: RevocationList): boolean {
  if (delta.deltaBase === undefined || delta.deltaBase > list.number || delta.number < list.number) return false;
  return isSameName(delta.issuer, list.issuer) && describeScope(delta) === describeScope(list);
}

function describeScope({ scope, issuer }: RevocationList): string {
  if (!scope) return '';
  const { name, onlyReasons, onlyUsers, onlyAuthorities } = scope;
  const names = name ? [...listNameKeys(resolvePointName(name, issuer))].sort() : [];
  return JSON.stringify([names, [...(onlyReasons ?? reasonFlags)], onlyUsers, onlyAuthorities]);
}

async function isSignedBy(list: RevocationList, signer: Certificate): Promise<boolean> {
  const { keyUsage, subjectKeyIdentifier } = signer.extensions;
  const pointed = list.authorityKeyIdentifier?.keyIdentifier;
  if (!isSameName(signer.subject, list.issuer) || keyUsage?.value.has('cRLSign') === false) return false;
  if (pointed && subjectKeyIdentifier && encodeHex(pointed) !== encodeHex(subjectKeyIdentifier.value)) return false;
  try {
    await verifySigned(list, await importPublicKey(signer.spki));
    return true;
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}

function refuseRevoked({ subject }: Certificate, { reason, revokedAt }: RevokedEntry): TrustError {
  const since = new Date(revokedAt).toISOString();
  return new TrustError(
    'certificate_revoked',
    `expected a good certificate, got ${formatName(subject)} revoked ${since}: ${reason}`,
  );
}
