/** What the commands share that load the server package: its settings, and its refusals in our words. */
import type { Invocation, OptionSpec } from '../../command.ts';
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
