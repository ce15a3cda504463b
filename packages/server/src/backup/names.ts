/** The names that backups go by: files in a folder, and the job that makes one. */

/** The kind of the job that makes a backup. */
export const backupJobKind = 'backup.create';

const pattern = /^signpost-backup-(\d{4}-\d{2}-\d{2})(?:-([2-9]|[1-9]\d{1,3}))?\.zip(\.age)?$/;

/** What a file's name says. */
export interface BackupName {
  /** Day in UTC, `2026-11-21`. */
  readonly day: string;
  /** 1 for the first one of its day. */
  readonly number: number;
  readonly encrypted: boolean;
}

/** Reads a name; undefined when it is none of a backup. */
export function parseBackupName(name: string): BackupName | undefined {
  const match = pattern.exec(name);
  const day = match?.[1] ?? '';
  if (!match || !isDay(day)) return undefined;
  return { day, number: Number(match[2] ?? 1), encrypted: match[3] !== undefined };
}

function isDay(text: string): boolean {
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** The name of the `number`th backup of the day that `at` (Unix milliseconds) lies in. */
export function formatBackupName(at: number, { number, encrypted }: Omit<BackupName, 'day'>): string {
  const day = new Date(at).toISOString().slice(0, 10);
  return `signpost-backup-${day}${number === 1 ? '' : `-${number}`}.zip${encrypted ? '.age' : ''}`;
}
