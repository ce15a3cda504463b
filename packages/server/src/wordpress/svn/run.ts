/** Calls `svn`: without a shell, in an environment of our own, with the password by standard input, and with limits. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { explainFailure, SvnFailure } from './failure.ts';
import type { RepositoryProxy } from './http-proxy.ts';

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
  /** Certificates of authorities (PEM) besides those of the machine. */
  readonly caFile?: string | undefined;
  /** What calls over HTTP go through; undefined for `svn://`. */
  readonly proxy: RepositoryProxy | undefined;
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
const maxErrorBytes = 1024 * 1024;
const maxMessageCharacters = 2000;
/** Wherever a server redirects to: nobody logs in elsewhere by the keys that this machine has for SSH. */
const noTunnel = 'config:tunnels:ssh=';
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a call may take of the machine's memory, whatever a repository sends, in bytes. */
const maxMemoryBytes = 2 * 1024 ** 3;
/** No core file could hold the password, and nobody commits for a server that is gone: util-linux has both wherever Debian is. */
const wrappers = [
  ['/usr/bin/prlimit', '--core=0:0', `--as=${maxMemoryBytes}:${maxMemoryBytes}`],
  ['/usr/bin/setpriv', '--pdeathsig', 'KILL'],
] as const;

/** Runs it to its end. Throws `SvnFailure`, and the reason of `signal` when it was aborted. */
export async function runSvn(call: SvnCall): Promise<SvnOutput> {
  const { session } = call;
  const end = await runProgram(call);
  // What came after a redirection that was refused tells nothing.
  const redirection = session.proxy?.redirection();
  if (redirection !== undefined) throw describeRedirection(redirection, session);
  if (end.kind === 'ended' && end.status === 0) return { text: end.text, isCut: false };
  if (end.kind === 'output-limit' && call.mayCut) return { text: end.text, isCut: true };
  session.signal.throwIfAborted();
  throw describeFailure(call, end);
}

/** How a call came to its end, with what it printed until then. */
interface CallEnd {
  readonly kind: 'ended' | 'time-limit' | 'output-limit' | 'aborted' | 'program-missing';
  readonly status: number | null;
  readonly text: string;
  readonly errors: string;
}

/** Resolves when the process is gone, and every process that it started. */
async function runProgram(call: SvnCall): Promise<CallEnd> {
  const { session, timeLimitMs, maxOutputBytes = defaultOutputBytes } = call;
  session.signal.throwIfAborted();
  const { program, words } = spell(call);
  const env = { HOME: session.scratch, TMPDIR: session.scratch, LC_ALL: 'C.UTF-8', PATH: searchPath };
  // The head of a process group of its own, so that all of it can be ended.
  const child = spawn(program, words, { cwd: call.folder ?? session.scratch, env, detached: true });
  let kind: CallEnd['kind'] = 'ended';
  const endAs = (why: CallEnd['kind']) => {
    if (kind === 'ended') kind = why;
    killGroup(child);
  };
  const [output, errors] = [
    collect(child.stdout, maxOutputBytes, () => endAs('output-limit')),
    collect(child.stderr, maxErrorBytes, () => undefined),
  ];
  const timer = setTimeout(endAs, timeLimitMs, 'time-limit');
  const abort = () => endAs('aborted');
  session.signal.addEventListener('abort', abort, { once: true });
  // A call that ends before it has read the password closes this end.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${session.login.password}\n`);
  const status = await new Promise<number | null>((resolve) => {
    child.once('error', () => {
      kind = 'program-missing';
      resolve(null);
    });
    child.once('close', resolve);
  });
  clearTimeout(timer);
  session.signal.removeEventListener('abort', abort);
  killGroup(child);
  return { kind, status, text: output(), errors: errors() };
}

/** Gathers what comes, up to `maxBytes`; what is gathered can be asked for at any time. */
function collect(stream: NodeJS.ReadableStream, maxBytes: number, exceed: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxBytes) chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) exceed();
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // All of it has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
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
  const authorities = session.caFile === undefined ? [] : [`servers:global:ssl-authority-files=${session.caFile}`];
  const options = [noTunnel, ...authorities, ...describeProxy(session)].flatMap((option) => [
    '--config-option',
    option,
  ]);
  const config = ['--config-dir', join(session.scratch, 'config'), ...options];
  const common = ['--non-interactive', '--no-auth-cache', ...config];
  const login = ['--username', session.login.username, '--password-from-stdin'];
  const wrapping = wrappers.filter(([program]) => existsSync(program)).flat();
  const [program = 'svn', ...all] = [...wrapping, 'svn', verb, ...common, ...login, ...rest];
  return { program, words: all };
}

/** What the machine's own configuration says about proxies counts no more. */
function describeProxy({ proxy }: SvnSession): readonly string[] {
  if (proxy === undefined) return [];
  const options = { host: '127.0.0.1', port: proxy.port, exceptions: '', username: '', password: '' };
  return Object.entries(options).map(([name, value]) => `servers:global:http-proxy-${name}=${value}`);
}

function describeFailure({ session, words, timeLimitMs }: SvnCall, { kind, errors }: CallEnd): SvnFailure {
  const verb = words[0] ?? '';
  if (kind === 'program-missing' || /^(?:prlimit|setpriv): .*svn/.test(errors))
    return new SvnFailure('program-missing', 'the program svn is not there');
  if (kind === 'output-limit') return new SvnFailure('output-limit', `svn ${verb} printed more than is read`);
  if (kind === 'time-limit') return new SvnFailure('time-limit', `svn ${verb} did not end within ${timeLimitMs} ms`);
  return new SvnFailure(explainFailure(errors), redact(`svn ${verb}: ${errors.trim()}`, session));
}

function describeRedirection(where: string, session: SvnSession): SvnFailure {
  return new SvnFailure(
    'redirected',
    redact(`expected the repository to answer, got a redirection to ${where}`, session),
  );
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
