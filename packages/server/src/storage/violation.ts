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
