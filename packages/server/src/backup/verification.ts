/** Which backup was last found good: whoever holds the key finds out elsewhere, and tells the server. */
import { Gauge, type Registry } from 'prom-client';
import type { Caller } from '../audit/audit.ts';
import { listAudit, recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Database } from '../storage/database.ts';
import { findMadeBackup } from './store.ts';

/** What verifications are kept with. */
export interface VerificationParts {
  readonly database: Database;
  readonly now: () => number;
}

/** A backup that was found good. */
export interface Verification {
  /** Of its file, hex. */
  readonly sha256: string;
  /** Whether it was restored into a scratch folder and looked at, too. */
  readonly drilled: boolean;
}

/** The backup that was meant. */
export interface VerifiedBackup {
  readonly name: string;
  /** Unix ms. */
  readonly madeAt: number;
}

/** Records that somebody found a backup good. Throws `not_found`, rule `backup-unknown`, for a file that this server did not make. */
export async function recordVerification(
  { database, now }: VerificationParts,
  caller: Caller,
  { sha256, drilled }: Verification,
): Promise<VerifiedBackup> {
  const made = await findMadeBackup(database.query, sha256);
  if (!made) {
    throw new Refusal('not_found', 'the audit log tells of no backup with this SHA-256', {
      rule: 'backup-unknown',
      hint: 'tell the server that made it; a state from before the backup knows nothing of it',
    });
  }
  const detail = { made_at: new Date(made.madeAt).toISOString(), sha256, drilled };
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...{ ...caller, action: 'backup.verified', object: { kind: 'backup', id: made.name }, detail },
    }),
  );
  return made;
}

/** Enough to find the youngest among those that were verified lately, in whatever order. */
const rowsLookedAt = 100;

/** When the youngest backup was made that was verified, or restored, which proves it first; undefined: none was. */
async function findVerifiedTime(database: Database): Promise<number | undefined> {
  const actions = ['backup.verified', 'restore.completed'] as const;
  const rows = await Promise.all(
    actions.map((action) => listAudit(database, { action, newestFirst: true, limit: rowsLookedAt })),
  );
  const times = rows.flat().map(({ detail }) => Date.parse(JSON.parse(detail ?? '{}').made_at));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Registers how old the youngest backup is that is known to be good; asked for when the figures are. */
export function registerBackupMetrics(registry: Registry, { database, now }: VerificationParts): void {
  new Gauge({
    name: 'signpost_backup_verified_age_seconds',
    help: 'Age of the youngest backup that was verified, drilled or restored; +Inf where none was',
    registers: [registry],
    async collect() {
      const madeAt = await findVerifiedTime(database);
      this.set(madeAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, now() - madeAt) / 1000);
    },
  });
}
