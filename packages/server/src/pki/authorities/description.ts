/** Authorities as they are shown: names instead of ids, certificates as facts and PEM. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { formatName } from '@signpost/protocol/x509/name';
import { type AuthorityParts, type OwnCertificate, parseName, requireAuthority } from './authority.ts';
import { type Family, readFamily } from './family.ts';
import type { AuthorityRow } from './store.ts';

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
  /** Newest first. */
  readonly certificates: readonly CertificateDescription[];
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** All authorities of an organisation, by name. */
export async function describeAuthorities(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  organisationId: string,
): Promise<readonly AuthorityDescription[]> {
  const family = await readFamily(database.query, organisationId);
  return family.authorities.map((row) => describe(family, row, now()));
}

/** One of them. Throws `not_found`. */
export async function describeAuthority(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  organisationId: string,
  name: string,
): Promise<AuthorityDescription> {
  const { id } = await requireAuthority(database.query, organisationId, name);
  const family = await readFamily(database.query, organisationId);
  const row = family.authorities.find((one) => one.id === id);
  if (!row) throw new TypeError('expected the authority among those of its organisation');
  return describe(family, row, now());
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

function describe({ authorities, tree }: Family, row: AuthorityRow, at: number): AuthorityDescription {
  const nameOf = (id: string | null) => authorities.find((one) => one.id === id)?.name ?? null;
  const [chain] = tree.listChains(row, at);
  const ends = (chain ?? []).map(({ certificate }) => certificate.notAfter);
  return {
    ...{ name: row.name, kind: row.kind, custody: row.custody, state: row.state },
    ...{ parent: nameOf(row.parent_id), successor: nameOf(row.successor_id) },
    ...{ subject: formatName(parseName(row.subject)), keyType: row.algorithm, keyId: row.key_id },
    notAfter: ends.length === 0 ? null : Math.min(...ends),
    request: row.request === null ? null : encodePem('CERTIFICATE REQUEST', Buffer.from(row.request, 'base64')),
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
    ...{ notBefore: row.not_before, notAfter: row.not_after, state: row.state },
    pathLength: certificate.extensions.basicConstraints?.value.pathLength ?? null,
    pem: encodePem('CERTIFICATE', certificate.bytes),
  };
}
