/** Notices that certificates end soon: 30, 14, 7 and 1 days before, each once, on the bus. */
import type { Transaction } from 'kysely';
import { systemActor } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvents } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { type ExpiringCertificate, listExpiring, markNotice } from './store.ts';

/** Days before the end, the nearest first: whoever was down for long is told the most urgent alone. */
const noticeDays = [1, 7, 14, 30] as const;

const dayMs = 86_400_000;
const pageSize = 200;

/**
 * Records `certificate.expiring` for each valid certificate that has come nearer to its end than it was told. Silent about those
 * that have been renewed, and about distances that are more than a third of a lifetime.
 */
export async function recordExpiryNotices({ database, now }: { database: Database; now: () => number }): Promise<void> {
  const at = now();
  for (const days of noticeDays) {
    while ((await database.transaction((tx) => recordPage(tx, days, at))) === pageSize);
  }
}

async function recordPage(tx: Transaction<Schema>, days: number, at: number): Promise<number> {
  const rows = await listExpiring(tx, {
    days,
    until: at + days * dayMs,
    now: at,
    minLifetime: 3 * days * dayMs,
    limit: pageSize,
  });
  if (rows.length === 0) return 0;
  await markNotice(tx, { ids: rows.map(({ id }) => id), days });
  await recordEvents(
    tx,
    rows.map((row) => describeEvent(row, days, at)),
  );
  await recordAudits(
    tx,
    at,
    rows.map((row) => ({
      organisationId: row.organisation_id,
      actor: systemActor,
      action: 'certificate.expiring',
      object: { kind: 'certificate', id: row.id },
      detail: { days, not_after: row.not_after, serial: row.serial },
    })),
  );
  return rows.length;
}

function describeEvent(row: ExpiringCertificate, days: number, at: number) {
  return {
    id: createId(at),
    organisationId: row.organisation_id,
    topic: 'certificate.expiring',
    payload: {
      ...{ certificate_id: row.id, serial: row.serial, sha256: row.fingerprint },
      ...{ days, not_after: row.not_after },
    },
    at,
  };
}
