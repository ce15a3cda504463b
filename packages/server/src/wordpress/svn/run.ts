/** Calls `svn`: without a shell, in an environment of our own, with the password by standard input, and with limits. */
import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { explainFailure, SvnFailure } from './failure.ts';

/** Whom Subversion is told to be. */
interface SvnLogin {
  readonly username: string;
  readonly password: string;
}

/** Where calls happen. */
export interface SvnSession {
  /** A folder of this one deploy: home, configuration, and everything that is written. */
  readonly scratch: string;
  readonly login: SvnLogin;
  /** Ends the call that is under way. */
  readonly signal: AbortSignal;
}

/** One call. */
export interface SvnCall {
  readonly session: SvnSession;
  readonly words: readonly string[];
  /** The folder that relative paths start from; `scratch` when absent. */
  readonly folder?: string;
  readonly timeLimitMs: number;
  /** What comes above this is cut off, and fails unless `mayCut`. */
  readonly maxOutputBytes?: number;
  readonly mayCut?: boolean;
}

/** What a call printed. */
export interface SvnOutput {
  readonly text: string;
  readonly isCut: boolean;
}

/** How long a question, reading a tree, and a commit may take. */
export const timeLimits = { askMs: 120_000, readMs: 900_000, commitMs: 1_800_000 } as const;

const defaultOutputBytes = 64 * 1024 * 1024;
const maxMessageCharacters = 2000;
/** Wherever a server redirects to: nobody logs in elsewhere by the keys that this machine has for SSH. */
const noTunnel = 'config:tunnels:ssh=';
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** No core file could hold the password, and nobody commits for a server that is gone: util-linux has both wherever Debian is. */
const wrappers = [
  ['/usr/bin/prlimit', '--core=0:0'],
  ['/usr/bin/setpriv', '--pdeathsig', 'KILL'],
] as const;

/** Runs it to its end. Throws `SvnFailure`, and the reason of `signal` when it was aborted. */
export async function runSvn(call: SvnCall): Promise<SvnOutput> {
  const { session } = call;
  const { program, words } = spell(call);
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      words,
      {
        cwd: call.folder ?? session.scratch,
        env: { HOME: session.scratch, TMPDIR: session.scratch, LC_ALL: 'C.UTF-8', PATH: searchPath },
        encoding: 'utf8',
        timeout: call.timeLimitMs,
        killSignal: 'SIGKILL',
        maxBuffer: call.maxOutputBytes ?? defaultOutputBytes,
        signal: session.signal,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve({ text: stdout, isCut: false });
        if (isCut(error) && call.mayCut) return resolve({ text: stdout, isCut: true });
        if (session.signal.aborted) return reject(session.signal.reason);
        reject(describeFailure(call, error, stderr));
      },
    );
    // A call that ends before it has read the password closes this end.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(`${session.login.password}\n`);
  });
}

/** Whether `svn` can be called: its version, or undefined. */
export async function probeSvn(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('svn', ['--version', '--quiet'], { env: { PATH: searchPath }, timeout: 10_000 }, (error, stdout) =>
      resolve(error ? undefined : stdout.trim()),
    );
  });
}

function spell({ session, words }: SvnCall): { program: string; words: readonly string[] } {
  const [verb = '', ...rest] = words;
  const config = ['--config-dir', join(session.scratch, 'config'), '--config-option', noTunnel];
  const common = ['--non-interactive', '--no-auth-cache', ...config];
  const login = ['--username', session.login.username, '--password-from-stdin'];
  const wrapping = wrappers.filter(([program]) => existsSync(program)).flat();
  const [program = 'svn', ...all] = [...wrapping, 'svn', verb, ...common, ...login, ...rest];
  return { program, words: all };
}

function isCut({ code }: ExecFileException): boolean {
  return String(code) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
}

function describeFailure(
  { session, words, timeLimitMs }: SvnCall,
  error: ExecFileException,
  stderr: string,
): SvnFailure {
  const verb = words[0] ?? '';
  if (String(error.code) === 'ENOENT' || /^(?:prlimit|setpriv): .*svn/.test(stderr))
    return new SvnFailure('program-missing', 'the program svn is not there');
  if (isCut(error)) return new SvnFailure('output-limit', `svn ${verb} printed more than is read`);
  if (error.killed) return new SvnFailure('time-limit', `svn ${verb} did not end within ${timeLimitMs} ms`);
  return new SvnFailure(explainFailure(stderr), redact(`svn ${verb}: ${stderr.trim()}`, session));
}

/** Hooks of a repository print what they like, and paths are of this machine. */
function redact(text: string, { login, scratch }: SvnSession): string {
  return text
    .replaceAll(login.password, '***')
    .replaceAll(scratch, '.')
    .slice(0, maxMessageCharacters)
    .toWellFormed()
    .replaceAll('\u0000', '');
}
