/** Certificates become rows, with their events and audit rows, before anybody sees them. */
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { createGroupedWrites, type GroupedWrites } from '../../storage/grouped-writes.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvents } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { violationOf } from '../../storage/violation.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { assertIssuing } from '../authorities/issuer.ts';
import { type CertificateRow, certificateKeyPlace } from '../records/certificate-row.ts';
import { insertCertificates } from '../records/store.ts';
import { listCompromisedKeys } from './store.ts';

/** A certificate that is signed and that nobody has seen. */
export interface NewCertificate {
  readonly parts: Pick<AuthorityParts, 'vault'>;
  readonly caller: Caller;
  readonly row: CertificateRow;
  /** The name of its issuer. */
  readonly authority: string;
  /** A key that the server made, in PKCS#8; sealed in the transaction. */
  readonly pkcs8?: Uint8Array;
  /** What becomes true with the certificate, such as the end of an order; throws a Refusal to have none of it. */
  readonly alongside?: (transaction: Transaction<Schema>, row: CertificateRow) => Promise<void>;
}

// One process has the database to itself, so all that it issues can share transactions.
const groups = new WeakMap<Database, GroupedWrites<NewCertificate>>();

/** Resolves once the certificate is durable; concurrent ones share a transaction. Throws as `recordCertificates` does. */
export async function recordInGroup(database: Database, certificate: NewCertificate): Promise<void> {
  const group = groups.get(database) ?? createGroupedWrites<NewCertificate>(database, recordCertificates);
  groups.set(database, group);
  await group.write(certificate).catch(refuseTwice);
}

/**
 * Records certificates with events and audit rows, last in `transaction`. Throws `conflict` when an issuer may no longer issue, or
 * when a key was revoked as compromised before.
 */
export async function recordCertificates(
  transaction: Transaction<Schema>,
  certificates: readonly NewCertificate[],
): Promise<void> {
  await assertStillIssuing(transaction, certificates);
  await assertSoundKeys(transaction, certificates);
  await insertCertificates(transaction, certificates.map(sealRow));
  for (const { alongside, row } of certificates) await alongside?.(transaction, row);
  const at = Math.max(...certificates.map(({ row }) => row.created_at));
  await recordEvents(
    transaction,
    certificates.map(({ row, authority }) => ({
      id: createId(at),
      organisationId: row.organisation_id,
      topic: row.replaces_id === null ? 'certificate.issued' : 'certificate.renewed',
      payload: { certificate_id: row.id, authority, serial: row.serial, profile: row.profile },
      at,
    })),
  );
  await recordAudits(
    transaction,
    at,
    certificates.map(({ caller, row, authority }) => ({
      ...caller,
      action: row.replaces_id === null ? 'certificate.issued' : 'certificate.renewed',
      object: { kind: 'certificate', id: row.id },
      detail: {
        authority,
        names: row.names,
        not_after: row.not_after,
        profile: row.profile,
        replaces: row.replaces_id,
        serial: row.serial,
        source: row.source,
        subject: row.subject,
      },
    })),
  );
}

function sealRow({ parts, row, pkcs8 }: NewCertificate): CertificateRow {
  if (!pkcs8) return row;
  // Inside the transaction, so that a reset of the vault cannot come between sealing and storing.
  const { purpose, reference } = certificateKeyPlace(row.id);
  return { ...row, sealed_key: parts.vault.seal(purpose, reference, pkcs8) };
}

async function assertStillIssuing(
  transaction: Transaction<Schema>,
  certificates: readonly NewCertificate[],
): Promise<void> {
  const issuers = new Map(certificates.map(({ row }) => [row.issuer_id, row.organisation_id]));
  for (const [authorityId, organisationId] of issuers) {
    if (authorityId !== null) await assertIssuing(transaction, { organisationId, authorityId });
  }
}

/** Baseline Requirements, 4.9.1.1 and 6.1.1.3: a key that somebody else has is never certified again. */
async function assertSoundKeys(
  transaction: Transaction<Schema>,
  certificates: readonly NewCertificate[],
): Promise<void> {
  const compromised = await listCompromisedKeys(
    transaction,
    certificates.map(({ row }) => row.key_id),
  );
  if (compromised.length === 0) return;
  throw new Refusal('conflict', 'a certificate for this key was revoked because the key is compromised', {
    rule: 'key-compromised',
    hint: 'make a new key',
  });
}

/** A serial number of 128 random bits that is there already: something is wrong with the random numbers. */
function refuseTwice(error: unknown): never {
  if (violationOf(error) !== 'unique') throw error;
  throw new Refusal('conflict', 'expected a serial number that the issuer has not used', {
    rule: 'serial-twice',
    cause: error,
  });
}
