/** Runs the `signpost` command as its own process, as a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** How a command ended. */
interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const entry = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const nodeOptions = ['-C', '@signpost/source', '--disable-warning=ExperimentalWarning'];

/** Variables that the command is given besides those that any process needs. */
export type Variables = Readonly<Record<string, string>>;

/** Starts the command. Nothing of this process's own SIGNPOST_ variables reaches it. */
export function startCommand(words: readonly string[], variables: Variables = {}): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SIGNPOST_'));
  return spawn(process.execPath, [...nodeOptions, entry, ...words], {
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the command to its end. */
function runCommand(words: readonly string[], variables: Variables = {}): Promise<CommandResult> {
  const child = startCommand(words, variables);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, ...output }));
  });
}

/** Runs the command with `--json` and returns its answer; throws with what it printed when it failed. */
export async function askCommand(words: readonly string[], variables: Variables = {}): Promise<unknown> {
  const { exitCode, stdout, stderr } = await runCommand([...words, '--json'], variables);
  if (exitCode !== 0) throw new Error(`signpost ${words.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
  return JSON.parse(stdout);
}

/** The words of a command line after the program, as a shell splits them. */
export function splitWords(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);
}
