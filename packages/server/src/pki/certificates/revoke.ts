/** Revocation, hold and release of certificates that are no authority's (RFC 5280, 5.3.1). */
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import type { CertificateRow } from '../records/certificate-row.ts';
import { announceStatusChange } from '../records/status-changes.ts';
import { findCertificate } from '../records/store.ts';
import { moveCertificate, type StateChange } from './store.ts';

/** What revoking works with. */
export interface RevocationParts {
  readonly database: Database;
  readonly now: () => number;
}

/** Why the holder of a certificate that is no authority's may lose it. A hold is `holdCertificate`'s affair. */
export const leafReasons = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

/** One of them. */
type LeafReason = (typeof leafReasons)[number];

/** What is said about a revocation. */
export interface Revocation {
  readonly reason: LeafReason;
  /** Since when the key is thought to be lost (RFC 5280, 5.3.2), Unix ms; not in the future. */
  readonly invalidFrom?: number | undefined;
}

/**
 * Revokes a certificate for good. Throws `not_found`; `conflict` when it is revoked already or somebody else issued it;
 * `forbidden`, rule `authority-certificate`, for one of an authority; `invalid` for an invalidity date in the future.
 */
export async function revokeCertificate(
  parts: RevocationParts,
  caller: Caller,
  { id, ...revocation }: Revocation & { readonly id: string },
): Promise<CertificateRow> {
  const at = parts.now();
  return parts.database.transaction((tx) => revokeIn(tx, caller, { id, at, ...revocation }));
}

/** The same inside a transaction, as its last act. */
export async function revokeIn(
  tx: Transaction<Schema>,
  caller: Caller,
  { id, at, reason, invalidFrom }: Revocation & { readonly id: string; readonly at: number },
): Promise<CertificateRow> {
  if (invalidFrom !== undefined && invalidFrom > at) {
    throw new Refusal('invalid', 'expected an invalidity date that is past', { rule: 'invalidity-date' });
  }
  const to = { state: 'revoked', reason, revoked_at: at, invalid_from: invalidFrom ?? null } as const;
  const act = { action: 'certificate.revoked', detail: { reason, invalid_from: invalidFrom ?? null } } as const;
  return changeState(tx, caller, { id, at, change: { from: ['valid', 'held'], to }, act });
}

/** Puts a valid certificate on hold: revoked for all who ask, until it is released or revoked for good. */
export async function holdCertificate(parts: RevocationParts, caller: Caller, id: string): Promise<CertificateRow> {
  const at = parts.now();
  const to = { state: 'held', reason: 'certificateHold', revoked_at: at, invalid_from: null } as const;
  return parts.database.transaction((tx) =>
    changeState(tx, caller, { id, at, change: { from: ['valid'], to }, act: { action: 'certificate.held' } }),
  );
}

/** Makes a certificate on hold valid again. */
export async function releaseCertificate(parts: RevocationParts, caller: Caller, id: string): Promise<CertificateRow> {
  const at = parts.now();
  const to = { state: 'valid', reason: null, revoked_at: null, invalid_from: null } as const;
  return parts.database.transaction((tx) =>
    changeState(tx, caller, { id, at, change: { from: ['held'], to }, act: { action: 'certificate.released' } }),
  );
}

interface StateAct {
  readonly action: 'certificate.revoked' | 'certificate.held' | 'certificate.released';
  readonly detail?: Readonly<Record<string, string | number | null>>;
}

async function changeState(
  tx: Transaction<Schema>,
  caller: Caller,
  {
    id,
    at,
    change,
    act,
  }: { readonly id: string; readonly at: number; readonly change: StateChange; readonly act: StateAct },
): Promise<CertificateRow> {
  const row = await requireLeaf(tx, caller.organisationId, id);
  if (!(await moveCertificate(tx, { organisationId: caller.organisationId, id }, change))) {
    throw new Refusal('conflict', `the certificate is ${row.state}`, { rule: 'certificate-state' });
  }
  const { issuer_id: authority_id, serial: number, fingerprint: sha256 } = row;
  const payload = { certificate_id: id, authority_id, serial: number, sha256, reason: change.to.reason };
  await recordEvent(tx, { id: createId(at), organisationId: row.organisation_id, topic: act.action, payload, at });
  const { organisation_id: organisationId, issuer_id: issuerId, serial } = row;
  if (issuerId !== null) announceStatusChange(tx, { organisationId, issuerId, serials: [serial] });
  const detail = { serial, subject: row.subject, ...act.detail };
  await recordAudit(tx, at, { ...caller, action: act.action, object: { kind: 'certificate', id }, detail });
  return { ...row, ...change.to };
}

/** The certificate, if it is one that an authority of ours gave to somebody who is none. Throws as `revokeCertificate` does. */
export async function requireLeaf(query: Query, organisationId: string, id: string): Promise<CertificateRow> {
  const row = await requireCertificate(query, organisationId, id);
  if (row.subject_authority_id !== null) {
    throw new Refusal('forbidden', "expected a certificate that is not an authority's", {
      rule: 'authority-certificate',
      hint: 'an admin uses signpost ca',
    });
  }
  if (row.issuer_id === null) {
    throw new Refusal('conflict', 'expected a certificate that an authority of this server issued', {
      rule: 'foreign-issuer',
    });
  }
  return row;
}

/** The certificate. Throws `not_found`, also for those of other organisations. */
export async function requireCertificate(query: Query, organisationId: string, id: string): Promise<CertificateRow> {
  const row = await findCertificate(query, organisationId, id);
  if (!row) throw new Refusal('not_found', 'no such certificate', { hint: 'signpost cert list' });
  return row;
}
