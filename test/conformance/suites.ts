/** Where the data of public suites lies, and what is said when it does not. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..', '..');

/** The folder of conformance data: `SIGNPOST_CONFORMANCE`, or `../shared/conformance` beside the project. */
export function findSuite(name: string): string {
  return join(process.env.SIGNPOST_CONFORMANCE ?? join(root, '..', 'shared', 'conformance'), name);
}

/** The reason to skip when `path` is not there, or `false`. Under CI=true missing data is no excuse. */
export function findMissingData(path: string, name: string): string | false {
  if (existsSync(path)) return false;
  if (process.env.CI === 'true') throw new Error(`expected the data of ${name} under CI=true`);
  return `the data of ${name} is not there`;
}
