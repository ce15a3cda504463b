/** Everything that is known about the code without starting it, at once, one line each. Ends non-zero if one fails. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

interface Check {
  readonly name: string;
  /** A program of node_modules/.bin and its arguments. */
  readonly command: readonly [string, ...string[]];
}

interface Result {
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, '..');
const checks: readonly Check[] = [
  // What it found before is kept: of a small change it looks again at what that reaches.
  {
    name: 'types',
    command: ['tsc', '-p', '.', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/types.json'],
  },
  { name: 'types of protocol, without Node', command: ['tsc', '--noEmit', '-p', 'packages/protocol'] },
  {
    name: 'types of the console',
    // It stands with the console, beside the TypeScript that it can read types with.
    command: [
      '../../packages/console/node_modules/.bin/svelte-check',
      '--workspace',
      'packages/console',
      '--tsconfig',
      './tsconfig.json',
      '--incremental',
    ],
  },
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'layers', command: ['node', '--test', '--test-reporter=dot', 'test/layers.test.ts'] },
  { name: 'nothing unused', command: ['knip', '--no-progress'] },
];

const results = await Promise.all(checks.map(runAndReport));
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

async function runAndReport(check: Check): Promise<Result> {
  const result = await runCommand(check.command);
  console.log(`${result.passed ? 'ok  ' : 'FAIL'} ${check.name} (${result.seconds.toFixed(1)} s)`);
  if (!result.passed) console.log(result.output.trimEnd());
  return result;
}

function runCommand([program, ...args]: Check['command']): Promise<Result> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules/.bin', program), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const finish = (passed: boolean) => resolve({ passed, output, seconds: (performance.now() - started) / 1000 });
    child.on('error', (error) => {
      output += `${error.message}; run "npm install" first`;
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}
