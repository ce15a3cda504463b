/** Authorities as the plane sees them: a row, and the certificates that certify its key. */
import { DerReader } from '@signpost/protocol/asn1/reader';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { type DistinguishedName, readName } from '@signpost/protocol/x509/name';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { KeptRows } from '../../storage/kept-rows.ts';
import type { Argon2Parameters } from '../../vault/argon2.ts';
import type { Vault } from '../../vault/vault.ts';
import type { WeakKeys } from '../profiles/weak-keys.ts';
import type { CertificateRow } from '../records/certificate-row.ts';
import { type AuthorityRow, findAuthority, listAuthorityCertificates } from './store.ts';

/** What authorities are kept with. */
export interface AuthorityParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
  /** What stands in certificates as the address of what authorities publish; without it they have none. */
  readonly pkiUrl?: string | undefined;
  /** Keys that are certified for nobody, since others have them. */
  readonly weakKeys: WeakKeys;
  /** What deriving a key from a root's passphrase costs, where it is not the real thing: in tests. */
  readonly passphraseCost?: Argon2Parameters;
}

/** Which authority, by its id. */
export interface AuthorityPlace {
  readonly organisationId: string;
  readonly authorityId: string;
}

/** A certificate of an authority with the row that it stands in. */
export interface OwnCertificate {
  readonly row: CertificateRow;
  readonly certificate: Certificate;
}

/** What a name of an authority looks like: it stands in addresses, and is never used twice. */
export const authorityNamePattern: RegExp = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The distinguished name that a row holds. */
export function parseName(base64: string): DistinguishedName {
  return readName(new DerReader(new Uint8Array(Buffer.from(base64, 'base64'))));
}

/** Throws `invalid` for a name that cannot stand in addresses. */
function assertAuthorityName(name: string): void {
  if (authorityNamePattern.test(name)) return;
  throw new Refusal('invalid', 'expected a name of 1 to 63 of a-z, 0-9 and -', { rule: 'authority-name' });
}

/** Throws `conflict`, rule `name-taken`, when the organisation has, or had, an authority of this name; `invalid` as above. */
export async function assertNameFree(query: Query, organisationId: string, name: string): Promise<void> {
  assertAuthorityName(name);
  if (!(await findAuthority(query, organisationId, { name }))) return;
  throw new Refusal('conflict', `an authority has the name ${name} already; names are never used twice`, {
    rule: 'name-taken',
  });
}

/** The authority `name`. Throws `not_found`, also for those of other organisations. */
export async function requireAuthority(query: Query, organisationId: string, name: string): Promise<AuthorityRow> {
  const row = await findAuthority(query, organisationId, { name });
  if (!row) throw new Refusal('not_found', 'no such authority', { hint: 'signpost ca list' });
  return row;
}

/** Certificates of one authority that chains are built with, the newest: each renewal multiplies the chains. */
const maxRenewals = 12;

const keptTrees = new KeptRows<AuthorityTree>();

/** The tree of an organisation: its authorities' certificates, for building chains. */
export class AuthorityTree {
  readonly #byAuthority = new Map<string, OwnCertificate[]>();

  private constructor(certificates: readonly OwnCertificate[]) {
    for (const own of certificates) {
      const id = own.row.subject_authority_id ?? '';
      this.#byAuthority.set(id, [...(this.#byAuthority.get(id) ?? []), own]);
    }
  }

  /** Reads the certificates of all authorities of an organisation. */
  static async read(query: Query, organisationId: string): Promise<AuthorityTree> {
    const rows = await listAuthorityCertificates(query, organisationId);
    return new AuthorityTree(
      rows.map((row) => ({ row, certificate: parseCertificate(new Uint8Array(Buffer.from(row.der, 'base64'))) })),
    );
  }

  /** The same, kept until an authority or a certificate of one changes (`forgetIssuers`). Not for transactions. */
  static async recall(query: Query, organisationId: string): Promise<AuthorityTree> {
    const tree = await keptTrees.find(query, organisationId, () => AuthorityTree.read(query, organisationId));
    return tree ?? new AuthorityTree([]);
  }

  /** Forgets what is kept, once `transaction` has committed. */
  static forget(transaction: Query): void {
    keptTrees.forgetAll(transaction);
  }

  /** The tree with one certificate more. */
  grow(own: OwnCertificate): AuthorityTree {
    return new AuthorityTree([own, ...[...this.#byAuthority.values()].flat()]);
  }

  /** All certificates of an authority, newest first. */
  listCertificates(authorityId: string): readonly OwnCertificate[] {
    return this.#byAuthority.get(authorityId) ?? [];
  }

  /**
   * Every chain from the authority up to a root, its own certificate first and the root's last, of certificates that are
   * neither revoked nor outside their validity at `at`. The one to serve by default comes first: through the parent, with the
   * newest certificates.
   */
  listChains(authority: Pick<AuthorityRow, 'id' | 'parent_id'>, at: number): readonly (readonly OwnCertificate[])[] {
    return this.#list(authority, (own) => isInTime(own, at) && own.row.state === 'valid');
  }

  /** The first of these, revoked certificates taken for good: an authority that is revoked still says what it revoked. */
  findChainOfRevoked(
    authority: Pick<AuthorityRow, 'id' | 'parent_id'>,
    at: number,
  ): readonly OwnCertificate[] | undefined {
    return this.#list(authority, (own) => isInTime(own, at))[0];
  }

  #list(
    authority: Pick<AuthorityRow, 'id' | 'parent_id'>,
    isUsable: (own: OwnCertificate) => boolean,
  ): readonly (readonly OwnCertificate[])[] {
    const wanted = authority.parent_id ?? authority.id;
    const rank = ([own]: readonly OwnCertificate[]) => (own?.row.issuer_id === wanted ? 0 : 1);
    // Of one rank, the shortest: what is signed across leads further away. Of one length, the newest.
    return this.#extend(authority.id, isUsable, new Set()).toSorted(
      (left, right) => rank(left) - rank(right) || left.length - right.length,
    );
  }

  #extend(
    authorityId: string,
    isUsable: (own: OwnCertificate) => boolean,
    above: ReadonlySet<string>,
  ): readonly (readonly OwnCertificate[])[] {
    const seen = new Set(above).add(authorityId);
    const usable = this.listCertificates(authorityId).filter(isUsable).slice(0, maxRenewals);
    return usable.flatMap((own) => {
      const issuerId = own.row.issuer_id;
      if (issuerId === authorityId) return [[own]];
      // Two that signed each other's keys would otherwise lead round in circles.
      if (issuerId === null || seen.has(issuerId)) return [];
      return this.#extend(issuerId, isUsable, seen).map((chain) => [own, ...chain]);
    });
  }
}

function isInTime({ row }: OwnCertificate, at: number): boolean {
  return row.not_before <= at && at <= row.not_after;
}
