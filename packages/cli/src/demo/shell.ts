/** Runs the real command as a user would, one process a line, and shows each line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { JsonObject } from '../http/answer.ts';
import { asObject } from '../http/answer.ts';
import { Failure } from '../terminal/failure.ts';
import type { JsonValue } from '../terminal/output.ts';

/** What a shell is made of. */
export interface ShellOptions {
  /** The command line that starts this program: runtime, its options, the entry file. */
  readonly program: readonly string[];
  /** Variables of every command. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Told of each line before it runs. */
  readonly show: (line: string) => void;
}

/** Runs commands. */
export class Shell {
  readonly #options: ShellOptions;

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Runs `signpost <words> --json` to its end and returns the document. Throws a Failure with what it said. */
  async run(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    this.#options.show(`$ signpost ${words.map(quote).join(' ')}`);
    const child = this.#spawn([...words, '--json', '--yes'], variables);
    const [stdout, exitCode] = await Promise.all([
      readAll(child),
      new Promise((resolve) => child.once('close', resolve)),
    ]);
    const document = asObject(JSON.parse(stdout || '{}') as JsonValue);
    if (exitCode === 0) return document;
    const failure = asObject(document.error);
    throw new Failure(
      'refused',
      `signpost ${words[0]} ended with ${exitCode}: ${failure.message ?? 'no reason given'}`,
      {
        hint: typeof failure.hint === 'string' ? failure.hint : undefined,
      },
    );
  }

  /** Starts a command that goes on, and returns the first document that it prints. */
  async start(
    words: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<{ first: JsonObject; child: ChildProcess }> {
    this.#options.show(`$ signpost ${words.map(quote).join(' ')}`);
    const child = this.#spawn([...words, '--json'], variables);
    const line = await new Promise<string>((resolve, reject) => {
      child.once('close', (code) => reject(new Failure('refused', `signpost ${words[0]} ended with ${code}`)));
      if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
    });
    return { first: asObject(JSON.parse(line) as JsonValue), child };
  }

  #spawn(words: readonly string[], variables: Readonly<Record<string, string>>): ChildProcess {
    const [runtime = '', ...rest] = this.#options.program;
    const child = spawn(runtime, [...rest, ...words], {
      env: { ...this.#options.variables, ...variables },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return child;
  }
}

async function readAll(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) text += chunk;
  return text;
}

function quote(word: string): string {
  return /^[\w./:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
