/** One run of the command, from its words to its exit code. */
import { TrustError } from '@signpost/protocol/errors';
import { CommanderError } from 'commander';
import type { CommandSpec, Environment, Invocation } from './command.ts';
import { commands } from './commands.ts';
import { errorCodeOf } from './files/atomic-write.ts';
import { describeSystemError } from './files/system-error.ts';
import { createProgram } from './program.ts';
import { exitCodes, Failure } from './terminal/failure.ts';
import { Output } from './terminal/output.ts';
import { createProgress } from './terminal/progress.ts';
import { Prompt } from './terminal/prompt.ts';
import { version } from './version.ts';

/** What a run is given by its process. */
export interface RunContext {
  /** The arguments after the program. */
  readonly words: readonly string[];
  readonly environment: Environment;
}

const { stdin, stdout, stderr } = process;

/** Runs the command that the words name; resolves to the exit code. What it says goes to the process's own streams. */
export async function run({ words, environment }: RunContext): Promise<number> {
  // A reader that has seen enough, such as `head`, is no failure.
  stdout.on('error', (error) => process.exit(errorCodeOf(error) === 'EPIPE' ? 0 : 1));
  const json = words.includes('--json');
  const program = createProgram(commands, {
    version,
    execute: (spec, given) => execute(spec, { ...given, environment }),
    write: { out: (text) => stdout.write(text), err: (text) => json || stderr.write(text) },
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return process.exitCode === undefined ? exitCodes.ok : Number(process.exitCode);
  } catch (error) {
    return report(error, { output: new Output({ stdout, stderr, json, quiet: false }), json });
  }
}

async function execute(
  spec: CommandSpec,
  given: Pick<Invocation, 'arguments' | 'options' | 'environment'>,
): Promise<void> {
  const json = given.options.flag('json');
  const quiet = given.options.flag('quiet');
  const output = new Output({ stdout, stderr, json, quiet });
  const answer = await spec.run({
    ...given,
    output,
    prompt: new Prompt({ stdin, stderr, yes: given.options.flag('yes') }),
    progress: createProgress(stderr, stderr.isTTY === true && !json && !quiet, Date.now),
    // Node loads its HTTP client when the name is first read; most commands, such as `serve`, never do.
    fetch: (input, init) => globalThis.fetch(input, init),
    now: Date.now,
    interrupted: waitForSignal,
  });
  if (answer) output.answer(answer);
  if (answer?.reason) process.exitCode = exitCodes[answer.reason];
}

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function report(error: unknown, { output, json }: { output: Output; json: boolean }): number {
  if (error instanceof CommanderError) return reportUsage(error, { output, json });
  const failure = describe(error);
  const exitCode = exitCodes[failure.reason];
  output.fail({ message: failure.message, hint: failure.hint, code: failure.code, exit_code: exitCode });
  return exitCode;
}

function reportUsage(error: CommanderError, { output, json }: { output: Output; json: boolean }): number {
  if (error.exitCode === 0) return exitCodes.ok;
  const message = error.message.replace(/^error: /, '');
  // Without --json commander has printed it already.
  if (json) output.fail({ message, code: 'usage', exit_code: exitCodes.usage });
  return exitCodes.usage;
}

function describe(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof TrustError) {
    const reason = error.code === 'fetch_failed' ? 'unavailable' : 'unverified';
    return new Failure(reason, error.message, { code: error.code, cause: error });
  }
  const failure = describeSystemError(error);
  if (failure) return failure;
  throw error;
}
