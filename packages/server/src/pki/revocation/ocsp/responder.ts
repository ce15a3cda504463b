/** Who answers for an authority: a key of its own, certified by it for this alone (RFC 6960, 4.2.2.2), made and renewed by itself. */
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { deriveIssuerHashes, type IdHash, type IssuerHashes } from '@signpost/protocol/x509/ocsp/certificate-id';
import { createSerialNumber } from '@signpost/protocol/x509/write-certificate';
import { type Actor, systemActor } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import { createId } from '../../../storage/ids.ts';
import type { AuthorityParts, AuthorityPlace } from '../../authorities/authority.ts';
import { type Issuer, openIssuer, readIssuing } from '../../authorities/issuer.ts';
import { locateAuthority } from '../../authorities/locations.ts';
import { generateAuthorityKey } from '../../authorities/new-key.ts';
import { createNodeSigner } from '../../authorities/node-signer.ts';
import { issueByProfile } from '../../authorities/profile-hash.ts';
import { findAuthority, readOrganisationSlug } from '../../authorities/store.ts';
import { signLinted } from '../../certificates/sign.ts';
import { composeCertificate } from '../../profiles/contents.ts';
import { findProfile, type Profiles } from '../../profiles/profile.ts';
import { decideValidity } from '../../profiles/validity.ts';
import { createCertificateRow, formatActor, formatSerial } from '../../records/certificate-row.ts';
import type { StatusChange } from '../../records/status-changes.ts';
import { insertCertificates } from '../../records/store.ts';
import { responderDays } from '../periods.ts';
import { findResponder, insertResponder, pruneResponders, type ResponderRow } from './store.ts';

/** What responders are kept with. */
export interface ResponderParts extends AuthorityParts {
  readonly profiles: Profiles;
}

/** Ready to answer for an authority. */
export interface Responder {
  readonly certificate: Certificate;
  readonly signer: CertificateSigner;
  /** What its authority is called, by hash. */
  readonly issuerHashes: ReadonlyMap<IdHash, IssuerHashes>;
  /** Unix ms from which on another one is to be made. */
  readonly renewAt: number;
}

const dayMs = 86_400_000;
const idHashes: readonly IdHash[] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
const profileName = 'ocsp-responder';

/** After a renewal that failed, or that would gain nothing, the old one serves so long before the next attempt. */
const retryMs = 300_000;

// As issuers are kept: one process has the database to itself, and locking the vault forgets.
const caches = new WeakMap<object, Map<string, Promise<Responder>>>();

/**
 * The responder of an authority; a new one when there is none or half of its life is over, unless it lasts as long as the
 * authority's own certificate. Throws `vault_locked`, `not_found`; `conflict` for an authority that may not sign, or whose root
 * must be opened by a passphrase to make one.
 */
export async function openResponder(parts: ResponderParts, place: AuthorityPlace): Promise<Responder> {
  const cache = cacheOf(parts);
  const { authorityId } = place;
  const kept = cache.get(authorityId);
  const responder = await kept;
  if (responder && parts.now() < responder.renewAt) return responder;
  // Whoever comes first makes it, and all who come meanwhile wait for it. What comes of it serves, however soon it is to be
  // renewed: looking again at once could go on for ever.
  const current = cache.get(authorityId);
  const finding = current === kept || !current ? forgetFailure(cache, authorityId, find(parts, place)) : current;
  cache.set(authorityId, finding);
  return finding;
}

/** Lets the responder of an authority answer no more when its certificate is among those that changed; returns whether it may be. */
export async function forgetResponder(
  parts: Pick<ResponderParts, 'vault'>,
  { issuerId, serials }: StatusChange,
): Promise<boolean> {
  // What a locked vault had opened is forgotten already, and nobody knows who it was.
  if (parts.vault.state !== 'unlocked') return true;
  const cache = cacheOf(parts);
  const kept = cache.get(issuerId);
  const responder = await kept?.catch(() => undefined);
  if (!responder || serials?.includes(formatSerial(responder.certificate.serialNumber)) === false) return false;
  if (cache.get(issuerId) === kept) cache.delete(issuerId);
  return true;
}

function cacheOf({ vault }: Pick<ResponderParts, 'vault'>): Map<string, Promise<Responder>> {
  const cache = caches.get(vault.lifetime) ?? new Map<string, Promise<Responder>>();
  caches.set(vault.lifetime, cache);
  return cache;
}

function forgetFailure(
  cache: Map<string, Promise<Responder>>,
  authorityId: string,
  finding: Promise<Responder>,
): Promise<Responder> {
  finding.catch(() => {
    if (cache.get(authorityId) === finding) cache.delete(authorityId);
  });
  return finding;
}

async function find(parts: ResponderParts, place: AuthorityPlace): Promise<Responder> {
  const authority = await findAuthority(parts.database.query, place.organisationId, { id: place.authorityId });
  if (!authority) throw new Refusal('not_found', 'no such authority');
  const row = await findResponder(parts.database.query, authority.id, parts.now());
  const issuing = await readIssuing(parts, authority);
  const found = row && (await openFound(parts, row, issuing.certificate));
  if (found && authority.custody !== 'server') return { ...found, renewAt: found.certificate.notAfter };
  if (found && parts.now() < found.renewAt) return found;
  // Another one could not last any longer; the authority may be renewed in the meantime.
  if (found && found.certificate.notAfter >= issuing.certificate.notAfter) return renewLater(parts, found);
  try {
    return await makeResponder(parts, await openIssuer(parts, place, 'status'), { days: responderDays.server });
  } catch (error) {
    if (!found) throw error;
    return renewLater(parts, found);
  }
}

function renewLater({ now }: ResponderParts, responder: Responder): Responder {
  return { ...responder, renewAt: Math.min(now() + retryMs, responder.certificate.notAfter) };
}

/** `undefined` when the key was sealed in a vault that is no more. */
async function openFound(
  { vault }: ResponderParts,
  row: ResponderRow,
  issuer: Certificate,
): Promise<Responder | undefined> {
  const certificate = parseCertificate(new Uint8Array(Buffer.from(row.der, 'base64')));
  const pkcs8 = unsealOrNothing(() => openResponderKey(vault, row.certificate_id, row.sealed_key));
  if (!pkcs8) return undefined;
  try {
    const facts = { certificate, signer: createNodeSigner(pkcs8), issuer };
    return await describeResponder({ ...facts, madeAt: row.created_at });
  } finally {
    pkcs8.fill(0);
  }
}

function unsealOrNothing(unseal: () => Uint8Array): Uint8Array | undefined {
  try {
    return unseal();
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unavailable') return undefined;
    throw error;
  }
}

async function describeResponder({
  certificate,
  signer,
  issuer,
  madeAt,
}: {
  readonly certificate: Certificate;
  readonly signer: CertificateSigner;
  readonly issuer: Certificate;
  readonly madeAt: number;
}): Promise<Responder> {
  const named = await Promise.all(idHashes.map((hash) => deriveIssuerHashes(issuer, hash)));
  return {
    certificate,
    signer,
    issuerHashes: new Map(named.map((hashes) => [hashes.hash, hashes])),
    // Not half of what stands in it: that begins before it was made, and its middle may lie before that as well.
    renewAt: madeAt + (certificate.notAfter - madeAt) / 2,
  };
}

/** How a responder is to be made. */
export interface ResponderWish {
  /** The life of its certificate; never longer than the issuer's. */
  readonly days: number;
  readonly actor?: Actor;
}

/** Makes a responder for an authority that is open, and has it answer from now on. Throws as `composeCertificate` does. */
export async function makeResponder(parts: ResponderParts, issuer: Issuer, wish: ResponderWish): Promise<Responder> {
  const pkcs8 = await generateAuthorityKey('ecdsa-p256');
  try {
    const signer = createNodeSigner(pkcs8);
    const certificate = await certify(parts, issuer, { signer, days: wish.days });
    const madeAt = parts.now();
    await storeResponder(parts, issuer, { certificate, pkcs8, actor: wish.actor ?? systemActor, madeAt });
    const responder = await describeResponder({ certificate, signer, issuer: issuer.certificate, madeAt });
    cacheOf(parts).set(issuer.authorityId, Promise.resolve(responder));
    return responder;
  } finally {
    pkcs8.fill(0);
  }
}

async function certify(
  { profiles, database, now, pkiUrl }: ResponderParts,
  issuer: Issuer,
  { signer, days }: { readonly signer: CertificateSigner; readonly days: number },
): Promise<Certificate> {
  const profile = findProfile(profiles, profileName);
  const organisationSlug = await readOrganisationSlug(database.query, issuer.organisationId);
  const wish = { now: now(), lifetimeMs: days * dayMs, issuerNotAfter: issuer.certificate.notAfter };
  const contents = composeCertificate(profile, {
    issuer: issuer.certificate,
    subject: [['CN', `OCSP responder of ${issuer.name}`.slice(0, 64)]],
    names: [],
    publicKey: signer.subjectKey,
    validity: decideValidity(profile, wish),
    serial: createSerialNumber(),
    locations: locateAuthority(pkiUrl, organisationSlug, issuer.name),
  });
  return signLinted(contents, issueByProfile(issuer, profile), profileName);
}

interface NewResponder {
  readonly certificate: Certificate;
  readonly pkcs8: Uint8Array;
  readonly actor: Actor;
  /** Unix ms. */
  readonly madeAt: number;
}

async function storeResponder(
  { database, vault }: ResponderParts,
  { authorityId, organisationId, name }: Issuer,
  { certificate, pkcs8, actor, madeAt: at }: NewResponder,
): Promise<void> {
  const id = createId(at);
  const facts = { id, organisationId, issuerId: authorityId, profile: profileName, source: 'system', at } as const;
  await database.transaction(async (tx) => {
    await insertCertificates(tx, [createCertificateRow(certificate, { ...facts, createdBy: formatActor(actor) })]);
    await insertResponder(tx, {
      certificate_id: id,
      authority_id: authorityId,
      organisation_id: organisationId,
      // Inside the transaction, so that a reset of the vault cannot come between sealing and storing.
      sealed_key: vault.seal(sealPurpose, referenceOf(id), pkcs8),
      not_after: certificate.notAfter,
      created_at: at,
    });
    await pruneResponders(tx, authorityId, at);
    await recordAudit(tx, at, {
      organisationId,
      actor,
      action: 'ocsp_responder.made',
      object: { kind: 'authority', id: authorityId },
      detail: { name, certificate: id },
    });
  });
}

/** The key that answers, PKCS#8, to be wiped. Throws `vault_locked`, and `unavailable` when it was sealed before a reset. */
export function openResponderKey(vault: AuthorityParts['vault'], certificateId: string, sealedKey: string): Uint8Array {
  return vault.unseal(sealPurpose, referenceOf(certificateId), sealedKey);
}

const sealPurpose = 'ocsp-responder';

function referenceOf(certificateId: string): string {
  return `certificate/${certificateId}`;
}
