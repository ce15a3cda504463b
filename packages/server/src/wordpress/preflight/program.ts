/** Programs of others that judge a plugin: no shell, a closed environment, limits of time, memory and output. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
/** The programs are written in PHP: what they may take of memory, and that `<?` begins code, as it does on many sites. */
const settings = 'memory_limit=1G\nshort_open_tag=On\n';

/**
 * Runs it. Rejects only when the signal says so. Programs read settings, and code, from where they are called and from their home: the one is
 * the root of the file system, the other an empty folder, and neither is the plugin's.
 */
export async function runProgram(call: ProgramCall): Promise<Ending> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-preflight-'));
  try {
    for (const name of ['home', 'php']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'php/signpost.ini'), settings);
    return await runBeside(call, folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function runBeside(call: ProgramCall, folder: string): Promise<Ending> {
  const { program, timeLimitMs, signal } = call;
  const path = program.includes('/') ? resolve(program) : program;
  const options = {
    cwd: '/',
    // Before the colon stands what the machine reads anyway.
    env: {
      PATH: systemPath,
      HOME: join(folder, 'home'),
      LC_ALL: 'C.UTF-8',
      PHP_INI_SCAN_DIR: `:${join(folder, 'php')}`,
    },
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
    // One that ends before it has read everything is judged by how it ended.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end();
  });
}

/** Why a program gave no answer, in a sentence. */
export function describeEnding(program: string, ending: Ending): string {
  if (ending.kind === 'missing') return `${program} is not installed`;
  if (ending.kind === 'broke_off') return `${program} broke off: ${ending.reason}`;
  const said = (ending.errors || ending.output).trim().split('\n')[0]?.slice(0, 200);
  return `${program} ended with code ${ending.code}: ${said}`;
}
