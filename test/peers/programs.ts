/** Finds and runs the programs of other languages that the peers are written for. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What a program said. */
export interface ProgramResult {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program to its end. */
export function runProgram(command: string, args: readonly string[]): Promise<ProgramResult> {
  const program = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  program.stdout.on('data', (chunk) => {
    output += chunk;
  });
  program.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    program.on('error', reject);
    program.on('close', (status) => resolve({ status, output }));
  });
}

/** Why a test of `command` cannot run, or `false`. Under CI=true a missing program is no excuse. */
export function findMissing(command: string, args: readonly string[], name: string): string | false {
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return false;
  if (process.env.CI === 'true') throw new Error(`expected ${name} to be installed under CI=true`);
  return `${name} is not installed`;
}

/** Debian's own Python, which has Debian's packages, rather than one that a version manager put before it. */
export const python: string = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
