/** Runs the real command as a user would, one process a line, and shows each line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import { asObject, type JsonObject } from '../http/answer.ts';
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

/** A command that goes on. */
export interface GoingOn {
  /** The first document that it printed. */
  readonly first: JsonObject;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** Runs commands. */
export class Shell {
  readonly #options: ShellOptions;
  #used: Readonly<Record<string, string>> = {};

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Sets variables for all commands from here on. */
  use(variables: Readonly<Record<string, string>>): void {
    this.#used = { ...this.#used, ...variables };
  }

  /** Runs `signpost <words>` to its end and returns its document. Throws a Failure with what it said. */
  async run(words: readonly string[]): Promise<JsonObject> {
    const child = this.#spawn([...words, '--json', '--yes'], words);
    const [stdout, exitCode] = await Promise.all([readAll(child), ended(child)]);
    const document = asObject(JSON.parse(stdout || '{}') as JsonValue);
    if (exitCode === 0) return document;
    const { message, hint } = asObject(document.error);
    throw new Failure('refused', `signpost ${words[0]} ended with ${exitCode}: ${message ?? 'no reason given'}`, {
      hint: typeof hint === 'string' ? hint : undefined,
    });
  }

  /** Starts a command that goes on after it has printed a document. */
  async start(words: readonly string[]): Promise<GoingOn> {
    const child = this.#spawn([...words, '--json'], words);
    const end = ended(child);
    const line = await new Promise<string>((resolve, reject) => {
      if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
      void end.then((code) => reject(new Failure('refused', `signpost ${words[0]} ended with ${code}`)));
    });
    return {
      first: asObject(JSON.parse(line) as JsonValue),
      stop: async () => {
        child.kill('SIGTERM');
        await end;
      },
    };
  }

  #spawn(words: readonly string[], shown: readonly string[]): ChildProcess {
    const { program, variables, show } = this.#options;
    show(`$ signpost ${shown.map(quoteWord).join(' ')}`);
    const [runtime = '', ...rest] = program;
    return spawn(runtime, [...rest, ...words], {
      env: { ...variables, ...this.#used },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }
}

async function readAll(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) text += chunk;
  return text;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
