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
import type { AuthorityParts, AuthorityPlace } from './authority.ts';
import { forgetIssuers } from './issuer.ts';
import { nameKeyType } from './key-choice.ts';
import { describeOwnCertificate } from './own-certificate.ts';
import { type AuthorityRow, findAuthority, insertAuthority, insertAuthorityCertificate } from './store.ts';

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
    algorithm: nameKeyType(subjectKey),
    subject: Buffer.from(subject.bytes).toString('base64'),
    key_id: createHash('sha256').update(subjectKey.spki).digest('hex'),
    public_key: Buffer.from(subjectKey.spki).toString('base64'),
    sealed_key: facts.sealedKey ?? null,
    dual_protection: facts.dualProtection ?? null,
    request: request ? Buffer.from(request).toString('base64') : null,
    state: request ? 'pending' : 'active',
    created_at: facts.at,
    ended_at: null,
  };
}

/** What is to be recorded at once. */
export interface AuthorityRecord {
  readonly row: AuthorityRow;
  readonly certificate?: Certificate;
  /** Of the certificate. */
  readonly issuerId?: string | null;
  readonly action: 'authority.created' | 'authority.requested' | 'authority.imported';
  /** Of the vault when the key was sealed: another one, or the same made anew, must not come in between. */
  readonly lifetime: object;
  /** Runs first in the transaction, and throws when the ground has moved. */
  readonly assertStill?: (tx: Transaction<Schema>) => Promise<void>;
}

/** Records a new authority with its certificate. Throws `conflict` when the organisation has its name or key already. */
export async function recordAuthority(parts: AuthorityParts, caller: Caller, record: AuthorityRecord): Promise<void> {
  const { row, certificate, action } = record;
  const at = row.created_at;
  await parts.database.transaction(async (tx) => {
    assertSameVault(parts.vault, record.lifetime);
    await record.assertStill?.(tx);
    await assertNew(tx, row);
    await insertAuthority(tx, row).catch(refuseTaken);
    if (certificate) {
      const facts = { ...whereOf(row), profile: row.kind, at, createdBy: caller.actor.id ?? caller.actor.kind };
      const source = action === 'authority.imported' ? ('import' as const) : ('system' as const);
      const issuerId = record.issuerId ?? null;
      await insertAuthorityCertificate(tx, describeOwnCertificate(certificate, { ...facts, source, issuerId }));
    }
    forgetIssuers(parts, tx);
    await recordAuthorityAct(tx, caller, { row, at, action });
  });
}

/** What happened to an authority. */
interface AuthorityAct {
  readonly row: AuthorityRow;
  readonly at: number;
  readonly action: Extract<AuditAction, `authority.${string}`>;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The event and the audit row of an act. To be called last in a transaction. */
async function recordAuthorityAct(tx: Transaction<Schema>, caller: Caller, act: AuthorityAct): Promise<void> {
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

function whereOf(row: AuthorityRow): { readonly organisationId: string; readonly authorityId: string } {
  return { organisationId: row.organisation_id, authorityId: row.id };
}

function assertSameVault(vault: Vault, lifetime: object): void {
  if (vault.lifetime === lifetime) return;
  throw new Refusal('unavailable', 'the vault was locked or made anew in between', { retryAfterSeconds: 1 });
}

async function assertNew(tx: Transaction<Schema>, row: AuthorityRow): Promise<void> {
  const taken = await findAuthority(tx, row.organisation_id, { name: row.name });
  if (taken) {
    throw new Refusal('conflict', `an authority has the name ${row.name} already; names are never used twice`, {
      rule: 'name-taken',
    });
  }
}

// Two that came this far at once: the constraints decide.
function refuseTaken(cause: unknown): never {
  if (violationOf(cause) !== 'unique') throw cause;
  throw new Refusal('conflict', 'the organisation has an authority with this key already', {
    rule: 'key-taken',
    cause,
  });
}
