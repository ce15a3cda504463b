/** What is typed where a backup is proved: on a machine that has its file and what opens it, and needs no server. */
import { quoteFile } from '@signpost/protocol/bytes/shell-word';
import type { Answer } from '../../api/client.ts';

const keyFile = 'signpost-backup-key.txt';

/** Makes the key pair to whose public key backups are encrypted. */
export const keyCommand: string = `signpost backup key --out ${keyFile}`;

const commands = { verify: 'signpost backup verify', drill: 'signpost backup drill' };

/** Proves the newest backup, or restores it for a trial; the key file opens what was made for the keys of the settings. */
export function writeProof(
  kind: keyof typeof commands,
  { backups, schedule }: Pick<Answer<'GET /api/backups'>, 'backups' | 'schedule'>,
): string {
  const newest = backups.toSorted((left, right) => right.stored_at.localeCompare(left.stored_at))[0];
  const file = quoteFile(newest?.name ?? 'signpost-backup-2026-01-31.zip.age');
  return `${commands[kind]} ${file}${schedule.recipients.length > 0 ? ` --identity ${keyFile}` : ''}`;
}
