/** Authorities become rows: with their certificate, the event and the audit row, in one transaction. */
import { createHash } from 'node:crypto';
import type { SubjectKey } from '@signpost/protocol/keys/subject-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { DistinguishedName } from '@signpost/protocol/x509/name';
import type { Transaction } from 'kysely';
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { violationOf } from '../../storage/violation.ts';
import type { Vault } from '../../vault/vault.ts';
import { formatKeyLabel } from '../profiles/key-label.ts';
import { createCertificateRow, formatActor } from '../records/certificate-row.ts';
import { insertCertificates } from '../records/store.ts';
import { type AuthorityParts, type AuthorityPlace, assertNameFree, type OwnCertificate } from './authority.ts';
import { usualProfile } from './intermediate-profile.ts';
import { forgetIssuers } from './issuer.ts';
import { type AuthorityRow, certifyAuthority, findAuthority, insertAuthority, updateRequest } from './store.ts';

/** What a row of an authority is made of. */
export interface AuthorityFacts {
  readonly name: string;
  readonly kind: AuthorityRow['kind'];
  readonly custody: AuthorityRow['custody'];
  readonly parentId: string | null;
  readonly subject: DistinguishedName;
  readonly subjectKey: SubjectKey;
  readonly sealedKey?: string;
  readonly dualProtection?: string;
  /** DER; an authority that waits for its certificate has one. */
  readonly request?: Uint8Array;
  /** The organisation's own that it is made by, if it is one. */
  readonly profile?: string | undefined;
  readonly at: number;
}

/** The row: active, or pending when there is a request. */
export function createAuthorityRow(place: AuthorityPlace, facts: AuthorityFacts): AuthorityRow {
  const { subjectKey, subject, request } = facts;
  return {
    id: place.authorityId,
    organisation_id: place.organisationId,
    name: facts.name,
    kind: facts.kind,
    custody: facts.custody,
    parent_id: facts.parentId,
    successor_id: null,
    algorithm: formatKeyLabel(subjectKey),
    subject: Buffer.from(subject.bytes).toString('base64'),
    key_id: createHash('sha256').update(subjectKey.spki).digest('hex'),
    public_key: Buffer.from(subjectKey.spki).toString('base64'),
    sealed_key: facts.sealedKey ?? null,
    dual_protection: facts.dualProtection ?? null,
    request: request ? Buffer.from(request).toString('base64') : null,
    state: request ? 'pending' : 'active',
    created_at: facts.at,
    ended_at: null,
    profile: facts.profile ?? null,
  };
}

/** A new authority, with its certificate unless it waits for one. */
export interface NewRecord {
  readonly row: AuthorityRow;
  readonly own?: OwnCertificate;
  readonly action: 'authority.created' | 'authority.requested' | 'authority.imported';
}

/** What must still be so when new authorities are recorded. */
export interface RecordConditions {
  /** The vault's when the key was sealed: another one, or the same made anew, must not come in between. */
  readonly lifetime?: object;
  /** Runs first in the transaction, and throws when the ground has moved. */
  readonly assertStill?: (tx: Transaction<Schema>) => Promise<void>;
}

/**
 * Records new authorities, those above first, all or none. Throws `conflict` when the organisation has a name or key already,
 * `unavailable` when the vault has changed in between.
 */
export async function recordAuthorities(
  parts: AuthorityParts,
  caller: Caller,
  { records, lifetime, assertStill }: RecordConditions & { readonly records: readonly NewRecord[] },
): Promise<void> {
  await parts.database.transaction(async (tx) => {
    if (lifetime) assertSameVault(parts.vault, lifetime);
    await assertStill?.(tx);
    for (const { row, own } of records) {
      await assertNameFree(tx, row.organisation_id, row.name);
      await insertAuthority(tx, row).catch(refuseTaken);
      if (own) await insertOwn(tx, own);
    }
    forgetIssuers(parts, tx);
    for (const { row, action } of records) await recordAuthorityAct(tx, caller, { row, at: row.created_at, action });
  });
}

/** What the row of an authority's certificate is made of. */
export interface OwnFacts {
  readonly authority: AuthorityRow;
  readonly certificate: Certificate;
  /** For a root's own, the root. */
  readonly issuerId: string;
  readonly source: 'system' | 'import';
  /** The certificate that this one renews. */
  readonly replacesId?: string | undefined;
  readonly at: number;
}

/** A certificate of an authority with its row, not stored yet. */
export function describeOwn(caller: Caller, facts: OwnFacts): OwnCertificate {
  const { authority, certificate, issuerId, source, at, replacesId } = facts;
  const row = createCertificateRow(certificate, {
    ...{ id: createId(at), organisationId: authority.organisation_id, subjectAuthorityId: authority.id },
    ...{ issuerId, source, at, createdBy: formatActor(caller.actor), replacesId: replacesId ?? null },
    profile: issuerId === authority.id ? 'root' : (authority.profile ?? usualProfile),
  });
  return { row, certificate };
}

/** A further certificate of an authority. */
export interface CertificateRecord {
  readonly row: AuthorityRow;
  readonly issuer: AuthorityRow;
  readonly own: OwnCertificate;
}

/**
 * Records a further certificate of an authority; a pending one is active from then on, below whoever signed. Throws `conflict`
 * when the issuer or the authority has ended in the meantime, or the certificate is known.
 */
export async function recordCertificate(
  parts: AuthorityParts,
  caller: Caller,
  { row, issuer, own }: CertificateRecord,
): Promise<AuthorityRow> {
  return parts.database.transaction(async (tx) => {
    if (issuer.id !== row.id) await assertUnended(tx, issuer);
    const certified = await certifyAuthority(tx, row, issuer.id);
    if (!certified) throw ended(row.name);
    await insertOwn(tx, own);
    forgetIssuers(parts, tx);
    const at = own.row.created_at;
    const detail = { issuer: issuer.name, until: new Date(own.certificate.notAfter).toISOString() };
    await recordAuthorityAct(tx, caller, { row: certified, at, action: 'authority.certified', detail });
    return certified;
  });
}

/** Records that an authority waits for a certificate that is signed elsewhere. Throws `conflict` when it has ended. */
export async function recordRequest(
  parts: AuthorityParts,
  caller: Caller,
  { row, request }: { readonly row: AuthorityRow; readonly request: Uint8Array },
): Promise<AuthorityRow> {
  const at = parts.now();
  return parts.database.transaction(async (tx) => {
    const asking = await updateRequest(tx, row, Buffer.from(request).toString('base64'));
    if (!asking) throw ended(row.name);
    await recordAuthorityAct(tx, caller, { row: asking, at, action: 'authority.requested' });
    return asking;
  });
}

async function assertUnended(tx: Transaction<Schema>, { organisation_id, id, name }: AuthorityRow): Promise<void> {
  const now = await findAuthority(tx, organisation_id, { id });
  if (now?.state !== 'active') throw ended(name);
}

function ended(name: string): Refusal {
  return new Refusal('conflict', `the authority ${name} is not active`, { rule: 'authority-state' });
}

async function insertOwn(tx: Transaction<Schema>, { row }: OwnCertificate): Promise<void> {
  await insertCertificates(tx, [row]).catch((cause: unknown) => {
    if (violationOf(cause) !== 'unique') throw cause;
    throw new Refusal('conflict', 'this certificate is known already', { rule: 'certificate-known', cause });
  });
}

/** What happened to an authority. */
export interface AuthorityAct {
  readonly row: AuthorityRow;
  readonly at: number;
  readonly action: Extract<AuditAction, `authority.${string}`>;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The event and the audit row of an act. To be called last in a transaction. */
export async function recordAuthorityAct(tx: Transaction<Schema>, caller: Caller, act: AuthorityAct): Promise<void> {
  const { row, at, action } = act;
  const { id, name, kind, custody } = row;
  await recordEvent(tx, {
    id: createId(at),
    organisationId: row.organisation_id,
    topic: action,
    payload: { authority_id: id, name, kind },
    at,
  });
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'authority', id },
    detail: { name, kind, custody, ...act.detail },
  });
}

function assertSameVault(vault: Vault, lifetime: object): void {
  if (vault.lifetime === lifetime) return;
  throw new Refusal('unavailable', 'the vault was locked or made anew in between', { retryAfterSeconds: 1 });
}

// Two that came this far at once: the constraints decide.
function refuseTaken(cause: unknown): never {
  if (violationOf(cause) !== 'unique') throw cause;
  throw new Refusal('conflict', 'the organisation has an authority with this key already', {
    rule: 'key-taken',
    cause,
  });
}
