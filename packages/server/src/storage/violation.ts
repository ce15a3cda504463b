/** What the engines' error codes mean, in one place. */

/** The kind of constraint that refused a statement. */
export type Violation = 'unique' | 'foreign_key' | 'check' | 'not_null';

// https://sqlite.org/rescode.html (extended result codes); 1555 is the primary key, 3091 a type against STRICT.
const sqliteViolations: Readonly<Record<number, Violation>> = {
  2067: 'unique',
  1555: 'unique',
  787: 'foreign_key',
  1811: 'foreign_key',
  275: 'check',
  1299: 'not_null',
};

// PostgreSQL, appendix A, class 23; 23001 is RESTRICT.
const postgresViolations: Readonly<Record<string, Violation>> = {
  '23505': 'unique',
  '23503': 'foreign_key',
  '23001': 'foreign_key',
  '23514': 'check',
  '23502': 'not_null',
};

/** The constraint that made a statement fail, or undefined when `error` is something else. */
export function violationOf(error: unknown): Violation | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return sqliteViolations[error.errcode];
  if ('code' in error && typeof error.code === 'string') return postgresViolations[error.code];
  return undefined;
}

/** Whether `error` says that another transaction was in the way, so that running this one again may succeed. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // SQLITE_BUSY is 5; its extended codes carry it in the low byte.
  if ('errcode' in error && typeof error.errcode === 'number') return (error.errcode & 0xff) === 5;
  // serialization_failure, deadlock_detected
  return 'code' in error && (error.code === '40001' || error.code === '40P01');
}

// SQLite: BUSY, IOERR, FULL. PostgreSQL, appendix A: class 08 (connection), 53 (resources, a full disk among them), and
// shutting down or starting up. Node: a full disk or what a limit makes one, no file handles left, connections that fail or break.
const sqliteOutages: ReadonlySet<number> = new Set([5, 10, 13]);
const outageCodes =
  /^(?:08...|53...|57P0[123]|ENOSPC|EDQUOT|EFBIG|EMFILE|ENFILE|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/;
// pg gives these no code.
const outageMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Whether `error` says that database or disk cannot serve for now, whatever was asked: the same request may succeed later. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && typeof error.errcode === 'number') return sqliteOutages.has(error.errcode & 0xff);
  if ('syscall' in error && error.syscall === 'connect') return true;
  return 'code' in error && typeof error.code === 'string'
    ? outageCodes.test(error.code)
    : outageMessages.test(error.message);
}
