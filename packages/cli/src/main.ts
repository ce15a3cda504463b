#!/usr/bin/env -S node -C @signpost/source --disable-warning=ExperimentalWarning
/** The `signpost` command. The only file that reads the environment and the arguments. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TrustError } from '@signpost/protocol/errors';
import { CommanderError } from 'commander';
import type { CommandSpec, Environment, Invocation } from './command.ts';
import { commands } from './commands.ts';
import { errorCodeOf } from './files/atomic-write.ts';
import { createProgram } from './program.ts';
import { exitCodes, Failure } from './terminal/failure.ts';
import { Output } from './terminal/output.ts';
import { createProgress } from './terminal/progress.ts';
import { Prompt } from './terminal/prompt.ts';
import { version } from './version.ts';

const { stdin, stdout, stderr, argv, env } = process;

// A reader that has seen enough, such as `head`, is no failure.
stdout.on('error', (error) => process.exit(errorCodeOf(error) === 'EPIPE' ? 0 : 1));
process.exitCode = await run(argv.slice(2));

async function run(words: readonly string[]): Promise<number> {
  const json = words.includes('--json');
  const program = createProgram(commands, {
    version,
    execute,
    write: { out: (text) => stdout.write(text), err: (text) => json || stderr.write(text) },
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return process.exitCode === undefined ? exitCodes.ok : Number(process.exitCode);
  } catch (error) {
    return report(error, new Output({ stdout, stderr, json, quiet: false }));
  }
}

async function execute(spec: CommandSpec, given: Pick<Invocation, 'arguments' | 'options'>): Promise<void> {
  const json = given.options.flag('json');
  const quiet = given.options.flag('quiet');
  const output = new Output({ stdout, stderr, json, quiet });
  const answer = await spec.run({
    ...given,
    output,
    prompt: new Prompt({ stdin, stderr, yes: given.options.flag('yes') }),
    progress: createProgress(stderr, stderr.isTTY === true && !json && !quiet, Date.now),
    environment: readEnvironment(),
    fetch: globalThis.fetch,
    now: Date.now,
    interrupted: waitForSignal,
  });
  if (answer) output.answer(answer);
  if (answer?.reason) process.exitCode = exitCodes[answer.reason];
}

function readEnvironment(): Environment {
  return {
    server: env.SIGNPOST_SERVER || undefined,
    apiKey: env.SIGNPOST_API_KEY || undefined,
    configDir: join(readConfigHome(), 'signpost'),
    program: [process.execPath, ...process.execArgv, import.meta.filename],
    variables: env,
  };
}

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

// XDG Base Directory Specification, and what Windows has in its place.
function readConfigHome(): string {
  if (process.platform === 'win32' && env.APPDATA) return env.APPDATA;
  return env.XDG_CONFIG_HOME || join(homedir(), '.config');
}

function report(error: unknown, output: Output): number {
  if (error instanceof CommanderError) return reportUsage(error, output);
  const failure = describe(error);
  const exitCode = exitCodes[failure.reason];
  output.fail({ message: failure.message, hint: failure.hint, code: failure.code, exit_code: exitCode });
  return exitCode;
}

function reportUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return exitCodes.ok;
  const message = error.message.replace(/^error: /, '');
  // Without --json commander has printed it already.
  if (argv.includes('--json')) output.fail({ message, code: 'usage', exit_code: exitCodes.usage });
  return exitCodes.usage;
}

function describe(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof TrustError) {
    const reason = error.code === 'fetch_failed' ? 'unavailable' : 'unverified';
    return new Failure(reason, error.message, { code: error.code, cause: error });
  }
  const code = errorCodeOf(error);
  if (code !== undefined && error instanceof Error)
    return new Failure('refused', error.message, { code, cause: error });
  throw error;
}
