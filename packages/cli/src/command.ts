/** A command as data: help, the reference in docs/command.md and the shell completions are made from it. */
import { Failure } from './terminal/failure.ts';
import type { Answer, Output } from './terminal/output.ts';
import type { Progress } from './terminal/progress.ts';
import type { Prompt } from './terminal/prompt.ts';

/** One option, in commander's notation: `--dir <path>`, `-f, --file <path>`, `--scan`. */
export interface OptionSpec {
  readonly flags: string;
  readonly text: string;
  readonly fallback?: string;
  /** May be given several times. */
  readonly repeatable?: true;
  readonly required?: true;
  readonly choices?: readonly string[];
}

/** One command. */
export interface CommandSpec {
  /** The words after `signpost`: `root init`. */
  readonly words: string;
  /** In commander's notation: `<version> [file...]`. */
  readonly arguments?: string;
  readonly summary: string;
  /** Further paragraphs of the help. */
  readonly details?: readonly string[];
  readonly options?: readonly OptionSpec[];
  /** Whole command lines. */
  readonly examples: readonly [string, ...string[]];
  /** What to print at the end; undefined when it was printed already. */
  readonly run: (invocation: Invocation) => Promise<Answer | undefined>;
}

/** What main.ts takes from the environment. */
export interface Environment {
  /** SIGNPOST_SERVER. */
  readonly server: string | undefined;
  /** SIGNPOST_API_KEY. */
  readonly apiKey: string | undefined;
  /** SIGNPOST_CLIENT_CERT and SIGNPOST_CLIENT_KEY: PEM files. */
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  /** Where credentials and client state are kept. */
  readonly configDir: string;
  /** The command line that starts this program: the runtime, its options, the entry file. */
  readonly program: readonly string[];
  /** All variables, for `serve`, `init` and `migrate`, which hand them to the server package. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Everything that a command may touch. */
export interface Invocation {
  readonly arguments: readonly (string | readonly string[] | undefined)[];
  readonly options: Options;
  readonly output: Output;
  readonly prompt: Prompt;
  readonly progress: Progress;
  readonly environment: Environment;
  readonly fetch: typeof globalThis.fetch;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves when the user or the system asks the process to end (SIGINT, SIGTERM). Once `over` is aborted it never does, and a signal ends the process again. */
  readonly interrupted: (over?: AbortSignal) => Promise<void>;
}

/** The argument at `index`, which the command declared as required. */
export function readArgument(invocation: Invocation, index: number): string {
  const value = invocation.arguments[index];
  if (typeof value !== 'string') throw new TypeError(`expected argument ${index}`);
  return value;
}

/** The variadic argument at `index`. */
export function readArguments(invocation: Invocation, index: number): readonly string[] {
  const value = invocation.arguments[index];
  return typeof value === 'object' ? value : [];
}

/** The options given, read by type. Wrong values are a usage failure that names the option. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** The text of `--name`, if given. */
  text(name: string): string | undefined {
    const value = this.#values[camelCase(name)];
    return typeof value === 'string' ? value : undefined;
  }

  /** The text of an option that is required or has a fallback. */
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new Failure('usage', `--${name} is needed`);
    return value;
  }

  /** All values of a repeatable option. */
  texts(name: string): readonly string[] {
    const value = this.#values[camelCase(name)];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** Whether `--name` was given. */
  flag(name: string): boolean {
    return this.#values[camelCase(name)] === true;
  }

  /** The integer of `--name`, at least `minimum`. */
  integer(name: string, minimum: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,15}$/.test(value) || Number(value) < minimum) {
      throw new Failure('usage', `expected --${name} to be an integer of at least ${minimum}, got "${value}"`);
    }
    return Number(value);
  }
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The options by which a secret may come without a terminal. */
export function secretOptions(stem: string, what: string): readonly OptionSpec[] {
  return [
    { flags: `--${stem}-file <path>`, text: `read ${what} from the first line of a file` },
    { flags: `--${stem}-fd <n>`, text: `read ${what} from a file descriptor` },
  ];
}

/** Where `--<stem>-file` or `--<stem>-fd` says that the secret is. */
export function readSecretSource(options: Options, stem: string): { file: string | undefined; fd: number | undefined } {
  const source = { file: options.text(`${stem}-file`), fd: options.integer(`${stem}-fd`, 0) };
  if (source.file !== undefined && source.fd !== undefined) {
    throw new Failure('usage', `expected either --${stem}-file or --${stem}-fd`);
  }
  return source;
}
