/** Runs the real program at a real terminal: a pseudo-terminal that script(1) opens. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLine } from './run.ts';

/** Somebody at the terminal. */
export interface Terminal {
  /** Everything that the terminal showed so far, control sequences included. */
  readonly shown: () => string;
  /** Waits until `pattern` was shown since the last answer, then types `keys`. */
  answer(pattern: RegExp, keys: string): Promise<void>;
  /** Waits for the end; then the screen shows how the program ended and how it left the terminal: stty(1). */
  end(): Promise<{ readonly code: number; readonly settings: string }>;
}

/** What somebody types. */
export const keys = { enter: '\r', ctrlC: '\u0003' } as const;

const limitMs = 120_000;

/** Starts the program with `words` at a terminal. */
export function openTerminal(
  t: Pick<TestContext, 'after'>,
  words: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): Terminal {
  const quoted = commandLine(words).map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  // Echo as at any terminal: what is hidden is hidden by the program.
  const child = spawn(
    'script',
    ['-qec', `stty cols 120 rows 30; ${quoted.join(' ')}; echo "ended=$?"; stty -a`, '--echo', 'always', '/dev/null'],
    {
      cwd,
      env: { HOME: cwd, PATH: '/usr/bin:/bin', TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const closed = once(child, 'close');
  return {
    shown: () => shown,
    async answer(pattern, typed) {
      for (const start = Date.now(); !pattern.test(shown.slice(answered)); await sleep(20)) {
        if (Date.now() - start > limitMs) throw new Error(`expected ${pattern}, the terminal shows: ${shown}`);
      }
      answered = shown.length;
      child.stdin.write(typed);
    },
    async end() {
      await closed;
      const [, code, settings = ''] = /ended=(\d+)([\s\S]*)$/.exec(shown) ?? [];
      return { code: Number(code), settings };
    },
  };
}
