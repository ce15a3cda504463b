/** The doctor on backups: whether the last one came about, and how long ago. Of the whole server, so for those who run it. */
import { type BackupStanding, judgeBackups } from '../backup/standing.ts';
import { findDefaultOrganisation } from '../backup/store.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';

/** Backups that fail, that are too old, or that nobody ever made. */
export async function examineBackups(
  dependencies: Pick<DoctorDependencies, 'database' | 'config' | 'now'>,
  organisationId: string,
): Promise<Finding[]> {
  const { database, config, now } = dependencies;
  if ((await findDefaultOrganisation(database.query)) !== organisationId) return [];
  const standing = await judgeBackups(dependencies);
  const isNightly = config.backupRecipients.length > 0;
  switch (standing.state) {
    case 'good':
      return [];
    case 'failed':
      return [describeFailed(standing, now())];
    case 'late':
      return [
        {
          level: 'warning',
          code: 'backup-late',
          message: `the newest backup is ${describeAge(standing, now())}`,
          hint: isNightly
            ? 'the server was off at 02:41 UTC, or its log says why: signpost backup create'
            : nightlyHint,
        },
      ];
    case 'none':
      return [{ level: 'warning', code: 'backup-none', message: 'no backup was ever made', hint: nightlyHint }];
  }
}

const nightlyHint = 'signpost backup create; SIGNPOST_BACKUP_RECIPIENTS has one made every night: docs/backup.md';

function describeFailed(standing: BackupStanding, now: number): Finding {
  const { failed, isFresh, madeAt } = standing;
  const newest = madeAt === undefined ? 'there is none' : `the newest is ${describeAge(standing, now)}`;
  return {
    level: isFresh ? 'warning' : 'error',
    code: 'backup-failed',
    message: `the last backup failed (${failed?.rule ?? ''}) and ${newest}`,
    hint: 'signpost backup create tries it again and says what is wrong; SIGNPOST_BACKUP_DIR must have room and be writable',
  };
}

function describeAge({ madeAt = 0 }: BackupStanding, now: number): string {
  const days = Math.floor((now - madeAt) / dayMs);
  return days === 0 ? 'of today' : `${days} ${days === 1 ? 'day' : 'days'} old`;
}
