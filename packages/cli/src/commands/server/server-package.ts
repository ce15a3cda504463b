/** What the commands share that load the server package: its settings, and its refusals in our words. */
import type { Invocation, OptionSpec } from '../../command.ts';
import { interruption } from '../../http/client.ts';
import { Failure } from '../../terminal/failure.ts';

/** Where the data folder is. */
export const dataOption: OptionSpec = {
  flags: '--data <dir>',
  text: 'the data folder (SIGNPOST_DATA, then ./data)',
};

/** The variables for the server package, the options above them. */
export function environmentOf({ options, environment }: Invocation): Readonly<Record<string, string | undefined>> {
  return {
    ...environment.variables,
    ...(options.text('data') === undefined ? {} : { SIGNPOST_DATA: options.text('data') }),
    ...(options.text('listen') === undefined ? {} : { SIGNPOST_LISTEN: options.text('listen') }),
  };
}

/**
 * Work of the server package that ends early when the user or the system asks for it, and clears away what it made. Throws Failure
 * `interrupted` then, and its refusals in our words.
 */
export async function untilInterrupted<T>(
  { interrupted, progress }: Pick<Invocation, 'interrupted' | 'progress'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [end, over] = [new AbortController(), new AbortController()];
  void interrupted(over.signal).then(() => end.abort());
  try {
    return await asFailure(work(end.signal));
  } catch (error) {
    throw end.signal.aborted && isBecauseOf(error, end.signal.reason) ? interruption(error) : error;
  } finally {
    over.abort();
    progress.finish();
  }
}

function isBecauseOf(error: unknown, reason: unknown): boolean {
  if (error === reason) return true;
  return error instanceof Error && error.cause !== undefined && isBecauseOf(error.cause, reason);
}

/** The server's refusals, which carry message and hint like ours but are of a package that is loaded late. */
export async function asFailure<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof Error) || !['Refusal', 'ConfigError'].includes(error.name)) throw error;
    const text = (name: string) => {
      const value: unknown = Reflect.get(error, name);
      return typeof value === 'string' ? value : undefined;
    };
    throw new Failure('refused', error.message, { hint: text('hint'), code: text('code'), cause: error });
  }
}
