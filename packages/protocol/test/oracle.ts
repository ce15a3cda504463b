/** Programs of other makers, as judges. They read what we write from files or their input, and say what they think. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What a program said. */
export interface OracleAnswer {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Debian's own Python, which has Debian's packages. */
export const python: string = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** Runs a program to its end, at most four minutes. Throws when it cannot be started. */
export function askOracle(program: string, args: readonly string[], input: Uint8Array | string = ''): OracleAnswer {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    timeout: 240_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  return { status, stdout, stderr: stderr.toString('utf8') };
}

/** Why tests that ask a program cannot run, or `false`. Under CI=true a missing program is no excuse. */
export function findMissingOracle(program: string, args: readonly string[]): string | false {
  if (spawnSync(program, args, { stdio: 'ignore' }).status === 0) return false;
  if (process.env.CI === 'true') throw new Error(`expected ${program} to be installed under CI=true`);
  return `${program} is not installed`;
}
