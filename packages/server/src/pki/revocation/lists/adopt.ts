/** What a list that was made elsewhere says of certificates that are recorded here: they are revoked here, too. */
import type { RevocationList, RevokedEntry } from '@signpost/protocol/x509/revocation-list';
import type { Transaction } from 'kysely';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import { createId } from '../../../storage/ids.ts';
import { recordEvent } from '../../../storage/outbox.ts';
import type { Schema } from '../../../storage/schema.ts';
import { type RevokingAct, revokeAuthorityIn } from '../../authorities/end.ts';
import { forgetIssuers } from '../../authorities/issuer.ts';
import { type AuthorityRow, findAuthority, hasCertificateInForce } from '../../authorities/store.ts';
import { moveCertificate } from '../../certificates/store.ts';
import { formatSerial } from '../../records/certificate-row.ts';
import { announceStatusChange } from '../../records/status-changes.ts';
import { listUnrevoked, type RecordedRow } from '../store.ts';

/** A list of `row`, the authority. */
export interface AdoptedList {
  readonly row: AuthorityRow;
  readonly list: RevocationList;
  /** Revoke all that stands below an authority that the list ends. */
  readonly cascade: boolean;
}

const pageSize = 500;

/**
 * Revokes, or puts on hold, what the list does and the record does not, in the transaction that stores the list. An authority ends
 * with its last certificate, or with one whose key is lost. Throws `conflict`, rule `has-valid-children`, when that takes more with
 * it and there is no `cascade`; `invalid`, rule `authority-hold`, for an authority on hold.
 */
export async function adoptEntries(
  tx: Transaction<Schema>,
  act: RevokingAct,
  { row, list, cascade }: AdoptedList,
): Promise<void> {
  const entries = new Map(list.entries.map((entry) => [formatSerial(entry.serialNumber), entry]));
  const serials = [...entries.keys()];
  for (let at = 0; at < serials.length; at += pageSize) {
    for (const found of await listUnrevoked(tx, row.id, serials.slice(at, at + pageSize))) {
      const entry = entries.get(found.serial);
      if (entry) await adopt(tx, act, { row, found, entry, cascade });
    }
  }
}

interface Adopted {
  readonly row: AuthorityRow;
  readonly found: RecordedRow;
  readonly entry: RevokedEntry;
  readonly cascade: boolean;
}

async function adopt(
  tx: Transaction<Schema>,
  act: RevokingAct,
  { row, found, entry, cascade }: Adopted,
): Promise<void> {
  const isHold = entry.reason === 'certificateHold';
  if (isHold && found.subject_authority_id !== null) throw refuseHold(found);
  const to = {
    state: isHold ? 'held' : 'revoked',
    ...{
      reason: entry.reason,
      revoked_at: Math.min(entry.revokedAt, act.at),
      invalid_from: entry.invalidSince ?? null,
    },
  } as const;
  const from = isHold ? (['valid'] as const) : (['valid', 'held'] as const);
  const { organisationId } = act.caller;
  // An authority that was revoked with another one, a line ago, has no certificate left to move.
  if (!(await moveCertificate(tx, { organisationId, id: found.id }, { from, to }))) return;
  forgetIssuers(act.parts, tx);
  announceStatusChange(tx, { organisationId, issuerId: row.id, serials: [found.serial] });
  await recordAdopted(tx, act, { row, found, entry });
  if (found.subject_authority_id !== null) await endIfOver(tx, act, { id: found.subject_authority_id, entry, cascade });
}

async function endIfOver(
  tx: Transaction<Schema>,
  act: RevokingAct,
  { id, entry, cascade }: { readonly id: string; readonly entry: RevokedEntry; readonly cascade: boolean },
): Promise<void> {
  const { organisationId } = act.caller;
  const authority = await findAuthority(tx, organisationId, { id });
  if (!authority || authority.state === 'revoked') return;
  const isKeyLost = entry.reason === 'keyCompromise' || entry.reason === 'cACompromise';
  if (!isKeyLost && (await hasCertificateInForce(tx, { organisationId, authorityId: id }, act.at))) return;
  const { reason, invalidSince: invalidFrom } = entry;
  await revokeAuthorityIn(tx, act, { row: authority, reason, invalidFrom, cascade });
}

async function recordAdopted(
  tx: Transaction<Schema>,
  { caller, at }: RevokingAct,
  { row, found, entry }: Omit<Adopted, 'cascade'>,
): Promise<void> {
  const { organisationId } = caller;
  const topic = entry.reason === 'certificateHold' ? 'certificate.held' : 'certificate.revoked';
  const { id, serial, fingerprint: sha256, subject } = found;
  const payload = { certificate_id: id, authority_id: row.id, serial, sha256, reason: entry.reason };
  await recordEvent(tx, { id: createId(at), organisationId, topic, payload, at });
  const detail = { serial, subject, reason: entry.reason, list_of: row.name };
  await recordAudit(tx, at, { ...caller, action: topic, object: { kind: 'certificate', id }, detail });
}

function refuseHold({ serial }: RecordedRow): Refusal {
  return new Refusal('invalid', `expected no authority on hold, got the certificate ${serial}`, {
    rule: 'authority-hold',
    hint: 'an authority is revoked or not: give another reason on the machine of its issuer',
  });
}
