/** Issuing: from a request, a bare public key, or a form for which the server makes the key. Durable before it is handed out. */
import { createPrivateKey, derivePublicKey } from '@signpost/protocol/keys/private-key';
import type { SubjectKey } from '@signpost/protocol/keys/subject-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { AttributeToWrite } from '@signpost/protocol/x509/name';
import type { VerifiedRequest } from '@signpost/protocol/x509/request';
import {
  type CertificateToWrite,
  createOrderedSerialNumber,
  encodeBody,
} from '@signpost/protocol/x509/write-certificate';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { createSharedReads } from '../../storage/shared-reads.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { type Issuer, openIssuer } from '../authorities/issuer.ts';
import { formatPart, partOf } from '../authorities/list-parts.ts';
import { locateAuthority } from '../authorities/locations.ts';
import type { NodeSigner } from '../authorities/node-signer.ts';
import { issueByProfile } from '../authorities/profile-hash.ts';
import { type AuthorityRow, readListParts, readOrganisationSlug } from '../authorities/store.ts';
import { findIssuing } from '../authorities/succession.ts';
import { composeCertificate, type Locations } from '../profiles/contents.ts';
import { type KeyLabel, parseKeyLabel } from '../profiles/key-label.ts';
import { assertAllowed } from '../profiles/name-policy.ts';
import { type IssuedName, parseName } from '../profiles/name-text.ts';
import { findProfile, type Profile } from '../profiles/profile.ts';
import { type Rules, readRules } from '../profiles/rules.ts';
import { decideValidity } from '../profiles/validity.ts';
import { assertNotWeak } from '../profiles/weak-keys.ts';
import {
  type CertificateRow,
  completeRow,
  type DerivedColumns,
  deriveColumns,
  formatActor,
} from '../records/certificate-row.ts';
import { refuseCheck } from './node-verification-key.ts';
import { type NewCertificate, recordInGroup } from './record.ts';
import { type ClaimedRequest, readRequested, refuseRequest } from './request.ts';
import { signBody } from './sign.ts';
import type { SignatureCheck } from './signatures/check.ts';
import { signatureChecks, signings } from './signatures/process.ts';
import type { SigningResult } from './signatures/signing.ts';

/** Whose key is certified. */
export type KeySource =
  /** The holder's: proven by the request. Subject and names are the request's unless given beside it. */
  | { readonly kind: 'request'; readonly request: VerifiedRequest }
  /** The same, but the proof may be left to whoever signs: a certificate for it is not signed before. */
  | { readonly kind: 'claimed'; readonly request: ClaimedRequest }
  /** Proven by something else, such as an older certificate. */
  | { readonly kind: 'public'; readonly publicKey: SubjectKey; readonly pkcs8?: Uint8Array }
  /** Made here, and sealed in the vault. */
  | { readonly kind: 'server'; readonly label: KeyLabel };

/** A certificate to be issued. */
export interface IssueWish {
  /** The name of the authority. */
  readonly authority: string;
  readonly profile: string;
  readonly key: KeySource;
  readonly subject?: readonly AttributeToWrite[] | undefined;
  readonly names?: readonly IssuedName[] | undefined;
  readonly lifetimeMs?: number | undefined;
  readonly notAfter?: number | undefined;
  /** Refuses an end beyond the issuer's, whatever the profile says. */
  readonly beyondIssuer?: 'refuse';
  readonly mustStaple?: boolean | undefined;
  readonly source: CertificateRow['source'];
  readonly acmeAccountId?: string;
  /** The certificate that this one renews. */
  readonly replacesId?: string;
  /** Runs in the transaction that holds the certificate; what it refuses is not issued. May be run again. */
  readonly alongside?: NewCertificate['alongside'];
}

/** A certificate as it was issued, durable. */
export interface IssuedCertificate {
  readonly row: CertificateRow;
  /** Its issuer, with the certificates above. */
  readonly issuer: Issuer;
}

/**
 * Issues a certificate. Throws `not_found` for authority or profile; `invalid` with the rule of profile, request or lint that is
 * broken; `forbidden` for names that the policy does not allow; `conflict` when the authority may not issue or the key is known
 * to be compromised; `vault_locked`.
 */
export async function issueCertificate(
  parts: AuthorityParts,
  caller: Caller,
  wish: IssueWish,
): Promise<IssuedCertificate> {
  const { issuer, record } = await prepareCertificate(parts, caller, wish);
  try {
    await recordInGroup(parts.database, record);
  } finally {
    record.pkcs8?.fill(0);
  }
  return { row: record.row, issuer };
}

/** A certificate that is signed and not yet recorded: nobody may see it before. */
export interface PreparedCertificate {
  readonly issuer: Issuer;
  readonly record: NewCertificate;
}

/** Everything about issuing but making it durable. Throws as `issueCertificate` does. */
export async function prepareCertificate(
  parts: AuthorityParts,
  caller: Caller,
  wish: IssueWish,
): Promise<PreparedCertificate> {
  const { organisationId } = caller;
  const rules = await readRules(parts, organisationId);
  const profile = requireLeafProfile(rules, wish.profile);
  const authority = await readAuthority(parts.database, organisationId, wish.authority);
  const issuer = issueByProfile(await openIssuer(parts, { organisationId, authorityId: authority.id }), profile);
  const asked = readAsked(profile, wish);
  assertAllowed(rules.namePolicy, asked);
  const key = await openKey(profile, wish.key);
  assertNotWeak(parts.weakKeys, key.publicKey);
  const at = parts.now();
  const { lifetimeMs, notAfter, beyondIssuer } = wish;
  const ends = { lifetimeMs, notAfter, beyondIssuer, issuerNotAfter: issuer.certificate.notAfter };
  const serial = createOrderedSerialNumber(at);
  const contents = composeCertificate(profile, {
    ...asked,
    issuer: issuer.certificate,
    publicKey: key.publicKey,
    validity: decideValidity(profile, { now: at, ...ends }),
    serial,
    locations: await findLocations(parts, issuer, serial),
  });
  const row = completeRow(await signWhere(contents, issuer, { profile: profile.name, proof: key.proof }), {
    ...{ id: createId(at), organisationId, issuerId: issuer.authorityId, profile: profile.name, at },
    ...{ source: wish.source, createdBy: formatActor(caller.actor), replacesId: wish.replacesId ?? null },
    acmeAccountId: wish.acmeAccountId ?? null,
  });
  const { alongside } = wish;
  const extras = { ...(key.pkcs8 && { pkcs8: key.pkcs8 }), ...(alongside && { alongside }) };
  const record = { parts, caller, row, authority: issuer.name, ...extras };
  return { issuer, record };
}

interface SigningTerms {
  readonly profile: string;
  /** To be held against the key first. */
  readonly proof: SignatureCheck | undefined;
}

/**
 * Checks and signs in the thread for signatures if the issuer's key is open in this process, otherwise where it is. Throws as `signLinted` does,
 * and as a request whose signature is not by its key is refused.
 */
async function signWhere(
  contents: CertificateToWrite,
  issuer: Issuer,
  { profile, proof }: SigningTerms,
): Promise<DerivedColumns> {
  const body = encodeBody(contents, issuer.signer.algorithm);
  if (hasKey(issuer)) return readSigned(await signings.take({ body, issuer, profile, ...(proof && { proof }) }));
  const check = proof ? await signatureChecks.take(proof) : 'signed';
  if (check !== 'signed') throw refuseRequest(refuseCheck(check));
  return deriveColumns(await signBody(body, issuer, profile));
}

function readSigned(result: SigningResult): DerivedColumns {
  switch (result.kind) {
    case 'signed':
      return result.columns;
    case 'unproven':
      throw refuseRequest(refuseCheck(result.check));
    case 'refused':
      throw new Refusal('invalid', result.message, result.rule === undefined ? {} : { rule: result.rule });
    case 'failed':
      throw result.cause;
  }
}

function hasKey(issuer: Issuer): issuer is Issuer & { readonly signer: NodeSigner } {
  return 'key' in issuer.signer;
}

const authorityReads = createSharedReads<AuthorityRow>();

function readAuthority(database: Database, organisationId: string, name: string): Promise<AuthorityRow> {
  return authorityReads(database, `${organisationId} ${name}`, () => findIssuing(database.query, organisationId, name));
}

function requireLeafProfile(rules: Rules, name: string): Profile {
  const profile = findProfile(rules.profiles, name);
  if (profile.kind === 'leaf') return profile;
  throw new Refusal('invalid', `expected a profile of leaves, got ${name}`, {
    rule: 'profile-kind',
    hint: 'authorities are made by signpost ca',
  });
}

interface Asked {
  readonly subject: readonly AttributeToWrite[];
  readonly names: readonly IssuedName[];
  readonly mustStaple: boolean;
}

/** What is asked for, by the request and beside it, with host names in lower case. */
function readAsked(profile: Profile, wish: IssueWish): Asked {
  const requested = 'request' in wish.key ? readRequested(profile, wish.key.request) : undefined;
  const isHostNamed = profile.names.common_name === 'in-names';
  const subject = (wish.subject ?? requested?.subject ?? []).map(
    ([type, text]): AttributeToWrite => (isHostNamed && type === 'CN' ? [type, text.toLowerCase()] : [type, text]),
  );
  const given = (wish.names ?? requested?.names ?? []).map(lowerHost);
  return {
    subject,
    // Requests of older tools name the host in the subject alone.
    names: given.length === 0 && isHostNamed ? subject.flatMap(readCommonName) : given,
    mustStaple: wish.mustStaple ?? requested?.mustStaple ?? false,
  };
}

function lowerHost(name: IssuedName): IssuedName {
  return name.kind === 'dns' ? { ...name, text: name.text.toLowerCase() } : name;
}

function readCommonName([type, text]: AttributeToWrite): IssuedName[] {
  return type === 'CN' ? [parseName(/^[0-9.]+$|:/.test(text) ? 'ip' : 'dns', text)] : [];
}

interface OpenedKey {
  readonly publicKey: SubjectKey;
  readonly pkcs8?: Uint8Array;
  readonly proof?: SignatureCheck;
}

async function openKey(profile: Profile, source: KeySource): Promise<OpenedKey> {
  switch (source.kind) {
    case 'request':
      return { publicKey: source.request.subjectKey };
    case 'claimed': {
      const { subjectKey: publicKey, proof } = source.request;
      return { publicKey, ...(proof && { proof }) };
    }
    case 'public':
      return source;
    case 'server': {
      if (!profile.keys.includes(source.label)) {
        throw new Refusal('invalid', `expected a key of ${profile.keys.join(', ')}, got ${source.label}`, {
          rule: 'key-type',
        });
      }
      const pkcs8 = await createPrivateKey(parseKeyLabel(source.label));
      return { publicKey: await derivePublicKey(pkcs8), pkcs8 };
    }
  }
}

/** The addresses of an issuer, as long as it is kept open. */
const locations = new WeakMap<Certificate, readonly Locations[]>();

/** Where the issuer's list is large, its certificates name the part that they belong to. */
async function findLocations(parts: AuthorityParts, issuer: Issuer, serial: Uint8Array): Promise<Locations> {
  const kept = locations.get(issuer.certificate) ?? (await listLocations(parts, issuer));
  locations.set(issuer.certificate, kept);
  const [whole, ...others] = kept;
  const found = others.length > 0 ? kept[partOf(serial, kept.length)] : whole;
  if (!found) throw new TypeError('expected the addresses of an issuer');
  return found;
}

async function listLocations(
  { database, pkiUrl }: AuthorityParts,
  { authorityId, organisationId, name }: Issuer,
): Promise<readonly Locations[]> {
  const slug = await readOrganisationSlug(database.query, organisationId);
  const whole = locateAuthority(pkiUrl, slug, name);
  const count = await readListParts(database.query, authorityId);
  if (count === 1) return [whole];
  return Array.from({ length: count }, (_, index) => ({
    ...whole,
    crl: whole.crl.map((url) => `${url}/${formatPart(count, index)}`),
  }));
}
