/** How a server stands with its backups, by what the audit log tells: files may be carried away, what was made is not forgotten. */
import { listAudit } from '../audit/store.ts';
import type { Config } from '../config.ts';
import type { Database } from '../storage/database.ts';

/** How it stands. */
export interface BackupStanding {
  /** `failed`: the last attempt did; `late`: the newest is older than it should be; `none`: there was never one. */
  readonly state: 'good' | 'late' | 'failed' | 'none';
  /** When the newest was made, Unix ms; undefined: never. */
  readonly madeAt: number | undefined;
  /** Whether the newest is young enough, also where a later attempt failed. */
  readonly isFresh: boolean;
  /** What has failed since the newest was made. */
  readonly failed: { readonly at: number; readonly rule: string } | undefined;
}

const hourMs = 3_600_000;
/** One night, and half a day for a server that was off at the time; a month where nobody asked for one every night. */
const freshMs = { nightly: 36 * hourMs, byHand: 31 * 24 * hourMs } as const;

/** The standing now, of what this server made by itself, on demand or by the command at rest. */
export async function judgeBackups({
  database,
  config,
  now,
}: {
  readonly database: Database;
  readonly config: Pick<Config, 'backupRecipients'>;
  readonly now: () => number;
}): Promise<BackupStanding> {
  const [made] = await listAudit(database, { action: 'backup.created', newestFirst: true, limit: 1 });
  const after = made?.sequence ?? 0;
  const [failure] = await listAudit(database, { action: 'backup.failed', newestFirst: true, after, limit: 1 });
  const limitMs = config.backupRecipients.length > 0 ? freshMs.nightly : freshMs.byHand;
  const isFresh = made !== undefined && now() - made.at <= limitMs;
  return {
    state: failure ? 'failed' : isFresh ? 'good' : made ? 'late' : 'none',
    ...{ madeAt: made?.at, isFresh },
    failed: failure && { at: failure.at, rule: readRule(failure.detail) },
  };
}

function readRule(detail: string | null): string {
  const { rule } = JSON.parse(detail ?? '{}') as { readonly rule?: string };
  return rule ?? 'backup-failed';
}
