/** Why a backup could not be made, in words for whoever waits for it. */
import { Refusal } from '../errors.ts';

/** What the system says of folders and files. */
const fileCodes: ReadonlySet<unknown> = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'EISDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG', 'EIO', 'ESTALE'],
]);
const fullCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** SQLITE_FULL: the snapshot is written beside the archive. */
const sqliteFull = 13;

/** The refusal that `error` is, or the one that says what the system said; paths are left to the log. */
export function explainFailure(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  if (fullCodes.has(code) || errcode === sqliteFull) {
    return new Refusal('unavailable', 'there is no room for the backup', {
      ...{ rule: 'backup-disk-full', cause: error },
      hint: 'free space in the folder of SIGNPOST_BACKUP_DIR, or name another one',
    });
  }
  if (fileCodes.has(code)) {
    return new Refusal('unavailable', `files of the backup could not be read or written: ${code}`, {
      ...{ rule: 'backup-files', cause: error },
      hint: 'SIGNPOST_BACKUP_DIR must name a folder that the server can make and write; its log names the path',
    });
  }
  return new Refusal('unavailable', 'the backup failed within the server', {
    ...{ rule: 'backup-failed', cause: error },
    hint: 'the log of the server says why',
  });
}
