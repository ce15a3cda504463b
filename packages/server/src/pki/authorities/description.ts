/** Authorities as they are shown: names instead of ids, certificates as facts and PEM. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { formatName } from '@signpost/protocol/x509/name';
import { type AuthorityParts, type OwnCertificate, parseName, requireAuthority } from './authority.ts';
import { type Family, readFamily } from './family.ts';
import { locateAuthority } from './locations.ts';
import { type AuthorityRow, readOrganisationSlug } from './store.ts';

/** A certificate of an authority. */
interface CertificateDescription {
  readonly id: string;
  readonly serial: string;
  /** The name of the authority that signed it. */
  readonly issuer: string | null;
  readonly fingerprint: string;
  /** Unix ms. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly state: 'valid' | 'held' | 'revoked';
  readonly profile: string;
  readonly pathLength: number | null;
  readonly pem: string;
}

/** An authority. */
export interface AuthorityDescription {
  readonly name: string;
  readonly kind: AuthorityRow['kind'];
  readonly custody: AuthorityRow['custody'];
  readonly state: AuthorityRow['state'];
  readonly parent: string | null;
  readonly successor: string | null;
  readonly subject: string;
  readonly keyType: string;
  readonly keyId: string;
  /** The end of the chain that is served by default, Unix ms; null while no certificate is in force. */
  readonly notAfter: number | null;
  /** The request that waits to be signed elsewhere, PEM. */
  readonly request: string | null;
  /** Where others find its revocation list and its certificate; null where no address is configured. */
  readonly crlUrl: string | null;
  readonly issuerUrl: string | null;
  /** Newest first. */
  readonly certificates: readonly CertificateDescription[];
  readonly createdAt: number;
  readonly endedAt: number | null;
}

type DescribingParts = Pick<AuthorityParts, 'database' | 'now' | 'pkiUrl'>;

/** All authorities of an organisation, by name. */
export async function describeAuthorities(
  parts: DescribingParts,
  organisationId: string,
): Promise<readonly AuthorityDescription[]> {
  const scene = await readScene(parts, organisationId);
  return scene.family.authorities.map((row) => describe(scene, row));
}

/** One of them. Throws `not_found`. */
export async function describeAuthority(
  parts: DescribingParts,
  organisationId: string,
  name: string,
): Promise<AuthorityDescription> {
  const { id } = await requireAuthority(parts.database.query, organisationId, name);
  const scene = await readScene(parts, organisationId);
  const row = scene.family.authorities.find((one) => one.id === id);
  if (!row) throw new TypeError('expected the authority among those of its organisation');
  return describe(scene, row);
}

/**
 * The chains of an authority, each its own certificate first and the root's last, the one to serve by default first. Throws
 * `not_found`; none when no certificate is in force.
 */
export async function listAuthorityChains(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  organisationId: string,
  name: string,
): Promise<readonly (readonly OwnCertificate[])[]> {
  const row = await requireAuthority(database.query, organisationId, name);
  const { tree } = await readFamily(database.query, organisationId);
  return tree.listChains(row, now());
}

/** What all authorities of an organisation are described by. */
interface Scene {
  readonly family: Family;
  readonly at: number;
  readonly pkiUrl: string | undefined;
  readonly slug: string;
}

async function readScene({ database, now, pkiUrl }: DescribingParts, organisationId: string): Promise<Scene> {
  const [family, slug] = await Promise.all([
    readFamily(database.query, organisationId),
    readOrganisationSlug(database.query, organisationId),
  ]);
  return { family, at: now(), pkiUrl, slug };
}

function describe({ family, at, pkiUrl, slug }: Scene, row: AuthorityRow): AuthorityDescription {
  const { authorities, tree } = family;
  const nameOf = (id: string | null) => authorities.find((one) => one.id === id)?.name ?? null;
  const [chain] = tree.listChains(row, at);
  const { crl, issuer } = locateAuthority(pkiUrl, slug, row.name);
  const ends = (chain ?? []).map(({ certificate }) => certificate.notAfter);
  return {
    ...{ name: row.name, kind: row.kind, custody: row.custody, state: row.state },
    ...{ parent: nameOf(row.parent_id), successor: nameOf(row.successor_id) },
    ...{ subject: formatName(parseName(row.subject)), keyType: row.algorithm, keyId: row.key_id },
    notAfter: ends.length === 0 ? null : Math.min(...ends),
    request: row.request === null ? null : encodePem('CERTIFICATE REQUEST', Buffer.from(row.request, 'base64')),
    ...{ crlUrl: crl[0] ?? null, issuerUrl: issuer[0] ?? null },
    certificates: tree.listCertificates(row.id).map((own) => describeCertificate(own, nameOf)),
    ...{ createdAt: row.created_at, endedAt: row.ended_at },
  };
}

function describeCertificate(
  { row, certificate }: OwnCertificate,
  nameOf: (id: string | null) => string | null,
): CertificateDescription {
  return {
    ...{ id: row.id, serial: row.serial, issuer: nameOf(row.issuer_id), fingerprint: row.fingerprint },
    ...{ notBefore: row.not_before, notAfter: row.not_after, state: row.state, profile: row.profile },
    pathLength: certificate.extensions.basicConstraints?.value.pathLength ?? null,
    pem: encodePem('CERTIFICATE', certificate.bytes),
  };
}
