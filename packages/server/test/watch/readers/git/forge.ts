/** A forge: repositories of the real git, by its own program for the web (git-http-backend(1)). */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The forge, and the repository in it. */
export interface Forge {
  /** `host:port`. */
  readonly host: string;
  /** Answers a path like this, and not by git. */
  readonly answers: Map<string, { readonly status: number; readonly body: string }>;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** Runs git in the working copy, and gives what it printed. */
  git(...args: readonly string[]): string;
  /** Writes a file beside the working copy, and gives its path. */
  write(name: string, text: string): string;
  /** Makes a key that git signs with, and gives its file. */
  createKey(name: string): string;
  /** Brings what the working copy has onto the forge. */
  push(): void;
  stop(): void;
}

const closed = { PATH: process.env.PATH ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };

/** Opens it with one repository, `acme/rocket`, of one commit. */
export async function openForge(
  options: { readonly format?: string; readonly canFilter?: boolean } = {},
): Promise<Forge> {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-git-'));
  const { format = 'sha1', canFilter = true } = options;
  const [bare, work] = [join(folder, 'acme/rocket.git'), join(folder, 'work')];
  const run = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: folder, env: { ...closed, HOME: folder }, stdio: 'pipe' })
      .toString()
      .trim();
  run('init', '-q', '--bare', `--object-format=${format}`, bare);
  run('-C', bare, 'config', 'uploadpack.allowFilter', String(canFilter));
  run('init', '-q', '-b', 'main', `--object-format=${format}`, work);
  const git = (...args: readonly string[]) => run('-C', work, ...args);
  for (const [name, value] of Object.entries({
    ...{ 'user.name': 'Ada', 'user.email': 'ada@mail.example', 'gpg.format': 'ssh' },
  })) {
    git('config', name, value);
  }
  writeFileSync(join(work, 'file.txt'), `${'a line of the file\n'.repeat(500)}`);
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  const answers: Forge['answers'] = new Map();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const own = answers.get(request.url ?? '');
    if (own) response.writeHead(own.status).end(own.body);
    else passToGit(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ host: `127.0.0.1:${(server.address() as AddressInfo).port}`, answers, asked, git },
    write: (name, text) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    createKey: (name) => {
      const path = join(folder, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path], { stdio: 'pipe' });
      return path;
    },
    push: () => git('push', '-q', '--force', '--prune', bare, 'refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'),
    stop: () => {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Common Gateway Interface (RFC 3875), as far as git speaks it. */
function passToGit(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://forge.example');
  const { 'content-type': type = '', 'git-protocol': protocol = '' } = request.headers;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...{ ...closed, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', REQUEST_METHOD: request.method ?? 'GET' },
      ...{ PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1), CONTENT_TYPE: type },
      GIT_PROTOCOL: String(protocol),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdout.on('end', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const status = /^Status: (\d+)/m.exec(answer.subarray(0, end).toString())?.[1] ?? '200';
    response.writeHead(Number(status)).end(answer.subarray(end + 4));
  });
}
