/** What the system refused about a file, in words. */
import { Failure } from '../terminal/failure.ts';
import { errorCodeOf } from './atomic-write.ts';

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'it is there already',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

/** The failure for a system error, or undefined when `error` is none. */
export function describeSystemError(error: unknown): Failure | undefined {
  const code = errorCodeOf(error);
  if (code === undefined || !(error instanceof Error)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const reason = words[code];
  const message = path === undefined || reason === undefined ? error.message : `cannot open ${path}: ${reason}`;
  return new Failure('refused', message, { code, cause: error });
}
