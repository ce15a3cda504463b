/** Runs the command: in this process, which costs a tenth, or as a child process where that is the point. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { readEnvironment } from '../../src/environment.ts';
import { run as runCommand } from '../../src/run.ts';

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

/** What tells that a test, or a file of tests, is over. */
export interface Ending {
  after(clean: () => Promise<void>): void;
}

/** The command line that starts the program with `words`. */
export function commandLine(words: readonly string[]): string[] {
  return [process.execPath, ...flags, main, ...words];
}

/** Starts the program without a terminal and with an empty environment but for `env`. */
export function start(words: readonly string[], options: RunOptions = {}) {
  const [program = '', ...rest] = commandLine(words);
  const { NODE_COMPILE_CACHE = '' } = process.env;
  return spawn(program, rest, {
    cwd: options.cwd,
    env: { NODE_COMPILE_CACHE, ...variablesOf(options) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the program as a process of its own to its end. */
export async function runProcess(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  const child = start(words, options);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** The last run in this process: the next waits for it, since a process has one working folder. */
let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs the command in this process, without a terminal, in the folder `cwd` and with an empty environment but for `env`;
 * in one of its own where `env` holds variables of Node itself, which are read at its start.
 */
export function run(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  if (Object.keys(options.env ?? {}).some((name) => name.startsWith('NODE_'))) return runProcess(words, options);
  const result = lastRun.then(() => runHere(words, options));
  lastRun = result.catch(() => undefined);
  return result;
}

async function runHere(words: readonly string[], options: RunOptions): Promise<Run> {
  const variables = variablesOf(options);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const origin = process.cwd();
  process.chdir(options.cwd ?? origin);
  try {
    const code = await runCommand({
      words,
      environment: readEnvironment({ variables, home: variables.HOME, program: commandLine([]) }),
      streams: { stdin: Readable.from([]), stdout, stderr },
    });
    stdout.end();
    stderr.end();
    const [out, err] = await printed;
    return { code, stdout: out, stderr: err };
  } finally {
    process.chdir(origin);
  }
}

function variablesOf({ cwd, env }: RunOptions): Readonly<Record<string, string>> & { readonly HOME: string } {
  return { HOME: cwd ?? '/nonexistent', ...env };
}

/** Runs with `--json` and returns the document; a run that fails is an error that shows what it printed. */
export async function runJson(words: readonly string[], options: RunOptions = {}): Promise<Record<string, unknown>> {
  const result = await run([...words, '--json'], options);
  if (result.code !== 0)
    throw new Error(`signpost ${words.join(' ')}: ${result.code}\n${result.stdout}${result.stderr}`);
  return JSON.parse(result.stdout);
}

/** A temporary folder that goes when the test ends, with a passphrase file `pass` in it. */
export async function createWorkplace(context: Ending): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'signpost-cli-'));
  context.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'pass'), 'correct horse battery\n', { mode: 0o600 });
  return dir;
}
