/** Further certificates for the key that an authority has: renewed by its issuer, or signed by another (a cross-certificate). */
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { type AuthorityParts, AuthorityTree, type OwnCertificate, requireAuthority } from './authority.ts';
import { requireProfileOf } from './intermediate-profile.ts';
import { assertState, type Issuer } from './issuer.ts';
import { describeOwn, recordCertificate, recordRequest } from './record.ts';
import { type SignatureWish, signAuthorityRequest, signBelow, signItself } from './sign-authority.ts';
import { type AuthorityRow, findAuthority } from './store.ts';
import { countRoomBelow } from './wish.ts';
import { withIssuer, withOwnKey } from './with-issuer.ts';

/** What is wanted for an authority. */
export interface RenewalWish {
  /** Its name. */
  readonly authority: string;
  readonly days?: number | undefined;
  /** Of the root that signs, where it is one of this server. */
  readonly passphrase?: string | undefined;
}

/**
 * Gives an authority a new certificate for the same key, signed by its parent (a root: by itself); the old one stays valid until
 * it ends. Below an offline parent it makes a request instead. Throws `not_found`, `conflict` when authority or parent may
 * not, `invalid` for too many days, and what `withRootSigner` throws.
 */
export async function renewAuthority(parts: AuthorityParts, caller: Caller, wish: RenewalWish): Promise<AuthorityRow> {
  const row = await requireAuthority(parts.database.query, caller.organisationId, wish.authority);
  assertState(row, 'certificates');
  const issuer = row.parent_id === null ? row : await requireParent(parts, row);
  if (issuer.custody === 'offline') return requestRenewal(parts, caller, row);
  const { passphrase, days } = wish;
  const last = await readLast(parts, row);
  const signature = { ...describeLast(last), days };
  const profile = await requireProfileOf(parts, row);
  const certificate =
    issuer.id === row.id
      ? await withOwnKey(parts, { row, passphrase, caller }, (signer) => signItself(parts, signer, signature))
      : await withIssuer(parts, { issuer, passphrase, caller }, (opened) =>
          signBelow(parts, opened, { ...signature, profile }),
        );
  const made = { certificate, source: 'system', at: parts.now() } as const;
  const facts = { authority: row, issuerId: issuer.id, ...made };
  return recordCertificate(parts, caller, {
    ...{ row, issuer, own: describeOwn(caller, { ...facts, replacesId: last.row.id }) },
  });
}

/** A cross-certificate that is wanted. */
export interface CrossWish extends RenewalWish {
  /** The authority that signs. */
  readonly issuer: string;
}

/**
 * Has another authority of the organisation sign the key of `authority`, so that whoever trusts that one trusts this one too. The
 * path length is the authority's own, or what the issuer has left. Throws as `renewAuthority` does, and `invalid`, rule
 * `cross-sign`, when the issuer is the authority itself or stands below it.
 */
export async function crossSign(parts: AuthorityParts, caller: Caller, wish: CrossWish): Promise<AuthorityRow> {
  const { query } = parts.database;
  const row = await requireAuthority(query, caller.organisationId, wish.authority);
  const issuer = await requireAuthority(query, caller.organisationId, wish.issuer);
  assertState(row, 'certificates');
  await assertNotBelow(parts, issuer, row);
  return withIssuer(parts, { issuer, passphrase: wish.passphrase, caller }, (opened) =>
    certifyAcross(parts, caller, { row, issuer, opened, days: wish.days }),
  );
}

/** The same with the issuer open. */
export async function certifyAcross(
  parts: AuthorityParts,
  caller: Caller,
  { row, issuer, opened, days }: { row: AuthorityRow; issuer: AuthorityRow; opened: Issuer; days: number | undefined },
): Promise<AuthorityRow> {
  const last = await readLast(parts, row);
  const [described, profile] = [describeLast(last), await requireProfileOf(parts, row)];
  const pathLength = narrow(described.pathLength, opened);
  const certificate = await signBelow(parts, opened, { ...described, profile, pathLength, days });
  const made = { certificate, source: 'system', at: parts.now() } as const;
  const facts = { authority: row, issuerId: issuer.id, ...made };
  return recordCertificate(parts, caller, { row, issuer, own: describeOwn(caller, facts) });
}

/**
 * A request (PKCS#10, DER) of an authority: that for which it waits, or a new one for its key, to be signed by somebody else.
 * Throws `conflict` for an authority whose key is not here, `invalid` without the passphrase of a root.
 */
export async function readRequest(
  parts: AuthorityParts,
  caller: Caller,
  { authority, passphrase }: Pick<RenewalWish, 'authority' | 'passphrase'>,
): Promise<Uint8Array> {
  const row = await requireAuthority(parts.database.query, caller.organisationId, authority);
  if (row.request !== null) return Buffer.from(row.request, 'base64');
  assertState(row, 'certificates');
  const last = await readLast(parts, row);
  const asked = { ...describeLast(last), profile: await requireProfileOf(parts, row) };
  return withOwnKey(parts, { row, passphrase, caller }, (signer) => signAuthorityRequest(signer, asked));
}

async function requestRenewal(parts: AuthorityParts, caller: Caller, row: AuthorityRow): Promise<AuthorityRow> {
  const request = await readRequest(parts, caller, { authority: row.name });
  return recordRequest(parts, caller, { row, request });
}

async function requireParent({ database }: AuthorityParts, row: AuthorityRow): Promise<AuthorityRow> {
  const parent = await findAuthority(database.query, row.organisation_id, { id: row.parent_id ?? '' });
  if (!parent) throw new Refusal('conflict', `the authority above ${row.name} is not known`, { rule: 'no-parent' });
  return parent;
}

/** The newest certificate of an authority, expired ones too: an authority that ran out can be renewed. */
export async function readLast({ database }: AuthorityParts, row: AuthorityRow): Promise<OwnCertificate> {
  const certificates = (await AuthorityTree.read(database.query, row.organisation_id)).listCertificates(row.id);
  const wanted = row.parent_id ?? row.id;
  const last = certificates.find((one) => one.row.issuer_id === wanted) ?? certificates[0];
  if (!last)
    throw new Refusal('conflict', `the authority ${row.name} has no certificate yet`, { rule: 'authority-state' });
  return last;
}

function describeLast({ certificate }: OwnCertificate): SignatureWish {
  const { basicConstraints, nameConstraints, subjectKeyIdentifier } = certificate.extensions;
  return {
    publicKey: parseSubjectKey(certificate.spki),
    pathLength: basicConstraints?.value.pathLength,
    kept: {
      subject: certificate.subject,
      keyIdentifier: subjectKeyIdentifier?.value,
      nameConstraints: nameConstraints?.value,
    },
  };
}

function narrow(pathLength: number | undefined, issuer: Issuer): number | undefined {
  const room = countRoomBelow([issuer.certificate, ...issuer.chain]);
  if (room === undefined) return pathLength;
  return Math.min(pathLength ?? Number.POSITIVE_INFINITY, Math.max(0, room - 1));
}

/** Whoever is certified by one that stands below it would be above itself. */
async function assertNotBelow(parts: AuthorityParts, issuer: AuthorityRow, row: AuthorityRow): Promise<void> {
  for (let above: AuthorityRow | undefined = issuer; above; ) {
    if (above.id === row.id) {
      throw new Refusal('invalid', `expected an issuer that does not stand below ${row.name}`, { rule: 'cross-sign' });
    }
    above = above.parent_id === null ? undefined : await requireParent(parts, above);
  }
}
