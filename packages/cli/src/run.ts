/** One run of the command, from its words to its exit code. */
import type { Writable } from 'node:stream';
import { TrustError } from '@signpost/protocol/errors';
import { CommanderError } from 'commander';
import type { CommandSpec, Environment, Invocation } from './command.ts';
import { loadCommands } from './commands.ts';
import { describeSystemError } from './files/system-error.ts';
import { createProgram } from './program.ts';
import { exitCodes, Failure } from './terminal/failure.ts';
import { Output } from './terminal/output.ts';
import { createProgress } from './terminal/progress.ts';
import { Prompt, type PromptOptions } from './terminal/prompt.ts';
import { version } from './version.ts';

/** What a run is given by its process. */
export interface RunContext {
  /** The arguments after the program. */
  readonly words: readonly string[];
  readonly environment: Environment;
  readonly streams: Streams;
}

/** Where a run asks and what it prints to. */
interface Streams extends Pick<PromptOptions, 'stdin' | 'stderr'> {
  readonly stdout: Writable;
}

/** Runs the command that the words name; resolves to the exit code. */
export async function run({ words, environment, streams }: RunContext): Promise<number> {
  const { stdout, stderr } = streams;
  const json = words.includes('--json');
  let exitCode: number = exitCodes.ok;
  const program = createProgram(await loadCommands(words), {
    version,
    execute: async (spec, given) => {
      exitCode = await execute(spec, { ...given, environment }, streams);
    },
    write: { out: (text) => stdout.write(text), err: (text) => json || stderr.write(text) },
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, { output: new Output({ stdout, stderr, json, quiet: false }), json });
  }
}

async function execute(
  spec: CommandSpec,
  given: Pick<Invocation, 'arguments' | 'options' | 'environment'>,
  { stdin, stdout, stderr }: Streams,
): Promise<number> {
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
  return answer?.reason ? exitCodes[answer.reason] : exitCodes.ok;
}

function waitForSignal(over?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => resolve();
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.once(signal, end);
    over?.addEventListener('abort', () => {
      for (const signal of signals) process.off(signal, end);
    });
  });
}

function report(error: unknown, { output, json }: { output: Output; json: boolean }): number {
  if (error instanceof CommanderError) return reportUsage(error, { output, json });
  const failure = describe(error);
  const exitCode = exitCodes[failure.reason];
  const { message, hint, code, evidence } = failure;
  output.fail({ message, hint, code, exit_code: exitCode, ...(evidence.length > 0 && { evidence }) });
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
    return new Failure(reason, error.message, { code: error.code, evidence: error.evidence, cause: error });
  }
  const failure = describeSystemError(error);
  if (failure) return failure;
  throw error;
}
