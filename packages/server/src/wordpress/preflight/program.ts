/** Programs of others that judge a plugin: no shell, a closed environment, limits of time and output. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** How a program ended. */
export type Ending =
  | { readonly kind: 'ended'; readonly code: number; readonly output: string; readonly errors: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'broke_off'; readonly reason: string };

/** What is run. */
export interface ProgramCall {
  /** A path, or a name that is found on the system's own path. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** In milliseconds. */
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
}

const maxOutputBytes = 64 * 1024 * 1024;
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs it. Rejects only when the signal says so. Programs read settings, and code, from where they are called and from their home: the one is
 * the root of the file system, the other an empty folder, and neither is the plugin's.
 */
export async function runProgram(call: ProgramCall): Promise<Ending> {
  const home = await mkdtemp(join(tmpdir(), 'signpost-preflight-'));
  try {
    return await runWithHome(call, home);
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

function runWithHome(call: ProgramCall, home: string): Promise<Ending> {
  const { program, timeLimitMs, signal } = call;
  const path = program.includes('/') ? resolve(program) : program;
  const options = {
    cwd: '/',
    env: { PATH: systemPath, HOME: home, LC_ALL: 'C.UTF-8' },
    ...({ maxBuffer: maxOutputBytes, timeout: timeLimitMs, killSignal: 'SIGKILL', signal } as const),
  };
  return new Promise((settle, reject) => {
    const child = execFile(path, [...call.arguments], options, (error, output, errors) => {
      if (signal.aborted) return reject(signal.reason);
      if (!error) return settle({ kind: 'ended', code: 0, output, errors });
      if (typeof error.code === 'number') return settle({ kind: 'ended', code: error.code, output, errors });
      if (error.code === 'ENOENT') return settle({ kind: 'missing' });
      const reason = error.killed ? `it took more than ${timeLimitMs / 1000} seconds` : error.message.slice(0, 200);
      return settle({ kind: 'broke_off', reason });
    });
    child.stdin?.end();
  });
}

/** What a program wrote as JSON; nothing for what is none. */
export function parseOutput(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
