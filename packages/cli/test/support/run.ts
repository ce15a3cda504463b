/** Runs the real program as a child process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const flags = ['-C', '@signpost/source', '--disable-warning=ExperimentalWarning'];

/** What a run printed, and how it ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a run takes place. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line that starts the program with `words`. */
export function commandLine(words: readonly string[]): string[] {
  return [process.execPath, ...flags, main, ...words];
}

/** Starts the program without a terminal and with an empty environment but for `env`. */
export function start(words: readonly string[], { cwd, env = {} }: RunOptions = {}) {
  const [program = '', ...rest] = commandLine(words);
  return spawn(program, rest, {
    cwd,
    env: { HOME: cwd ?? '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the program to its end. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const child = start(words, options);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** Runs with `--json` and returns the document; a run that fails is an error that shows what it printed. */
export async function runJson(words: readonly string[], options: RunOptions = {}): Promise<Record<string, unknown>> {
  const result = await run([...words, '--json'], options);
  if (result.code !== 0)
    throw new Error(`signpost ${words.join(' ')}: ${result.code}\n${result.stdout}${result.stderr}`);
  return JSON.parse(result.stdout);
}

/** A temporary folder that goes when the test ends, with a passphrase file `pass` in it. */
export async function createWorkplace(context: Pick<TestContext, 'after'>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'signpost-cli-'));
  context.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'pass'), 'correct horse battery\n', { mode: 0o600 });
  return dir;
}
