/** Programs of our own that run in a process of theirs: what they do with hostile bytes happens in no memory that holds keys. */
import { execFile } from 'node:child_process';
import process from 'node:process';

/** What is run, and within which limits. */
export interface NodeProgram {
  /** The file of the program. */
  readonly path: string;
  readonly timeLimitMs: number;
  readonly maxOutputBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs it with an empty environment, gives it `input`, and resolves to what it wrote. Rejects with what `execFile` tells of its end. */
export function runNodeProgram(
  { path, timeLimitMs, maxOutputBytes, signal }: NodeProgram,
  input: Uint8Array | string,
): Promise<Buffer> {
  const options = {
    ...({ env: {}, encoding: 'buffer', maxBuffer: maxOutputBytes, signal } as const),
    ...({ timeout: timeLimitMs, killSignal: 'SIGKILL' } as const),
  };
  return new Promise((resolve, reject) => {
    const words = ['--disable-warning=ExperimentalWarning', path];
    const child = execFile(process.execPath, words, options, (error, output) =>
      error ? reject(error) : resolve(output),
    );
    // One that ends before it has read everything is judged by how it ended.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
