/** A Subversion repository as wordpress.org keeps them, served by svnserve with a password file or by Apache's mod_dav_svn with Basic authentication. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { waitUntil } from '../../packages/protocol/test/wait-until.ts';

/** A repository on this disk. */
export interface Repository {
  readonly folder: string;
  /** Of the plugin, past every server. */
  readonly local: string;
  /** Runs `svn` past every server, without a password. */
  svn(...words: readonly string[]): Promise<string>;
  /** The first lines of the log, newest first: revision, paths, message. */
  readLog(): Promise<readonly Revision[]>;
  /** Writes what stands at a path of the plugin into a new folder. */
  export(path: string): Promise<string>;
  /** Replaces a hook by a script. */
  writeHook(name: string, script: string): Promise<void>;
  remove(): Promise<void>;
}

/** One revision. */
interface Revision {
  readonly number: number;
  /** `A /my-plugin/tags/1.0.0 (from …)`. */
  readonly paths: readonly string[];
  readonly message: string;
}

/** A server of a repository. */
export interface RepositoryServer {
  /** Of the plugin. */
  readonly url: string;
  /** What the operator lists. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Who may commit. */
export const committer = { username: 'acme', password: 'Zaunk0enig-7' } as const;

const run = promisify(execFile);
const environment = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8' };

/** Makes a repository with an empty plugin. */
export async function createRepository(slug: string): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-svn-'));
  const path = join(folder, 'repository');
  await run('svnadmin', ['create', path], { env: environment });
  const local = `file://${path}/${slug}`;
  const config = ['--config-dir', join(folder, 'config'), '--non-interactive'];
  const svn: Repository['svn'] = async (...words) => {
    const { stdout } = await run('svn', [...words, ...config], { env: environment, maxBuffer: 2 ** 26 });
    return stdout;
  };
  await svn(
    'mkdir',
    '--quiet',
    '--parents',
    '-m',
    'a plugin',
    ...['trunk', 'tags', 'assets'].map((name) => `${local}/${name}`),
  );
  return {
    ...{ folder, local, svn },
    readLog: async () => parseLog(await svn('log', '-v', local)),
    export: async (what) => {
      const target = join(await mkdtemp(join(folder, 'export-')), 'plugin');
      await svn('export', '--quiet', `${local}/${what}@`, target);
      return target;
    },
    writeHook: async (name, script) => {
      const hook = join(path, 'hooks', name);
      await writeFile(hook, `#!/bin/sh\n${script}\n`);
      await chmod(hook, 0o755);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Serves it by svnserve; strangers read nothing. */
export async function startSvnserve({ folder }: Repository, slug: string): Promise<RepositoryServer> {
  const conf = join(folder, 'repository/conf');
  await writeFile(
    join(conf, 'svnserve.conf'),
    '[general]\nanon-access = none\nauth-access = write\npassword-db = passwd\n',
  );
  await writeFile(join(conf, 'passwd'), `[users]\n${committer.username} = ${committer.password}\n`);
  const port = await chooseFreePort();
  const words = [
    '--daemon',
    '--foreground',
    '--listen-host',
    '127.0.0.1',
    '--listen-port',
    `${port}`,
    '--root',
    join(folder, 'repository'),
  ];
  const stop = await startDaemon('svnserve', words, port);
  return { url: `svn://127.0.0.1:${port}/${slug}`, host: `svn://127.0.0.1:${port}`, stop };
}

/** What Apache does besides. */
export interface ApacheWish {
  /** Lines of its configuration, before the repository's. */
  readonly lines?: string;
  /** It speaks TLS with these. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Serves it by Apache, where everybody reads and the committer writes, as at wordpress.org. */
export async function startApache(
  { folder }: Pick<Repository, 'folder'>,
  slug: string,
  { lines = '', tls }: ApacheWish = {},
): Promise<RepositoryServer> {
  const port = await chooseFreePort();
  const sha1 = createHash('sha1').update(committer.password).digest('base64');
  await writeFile(join(folder, 'passwords'), `${committer.username}:{SHA}${sha1}\n`);
  await writeFile(
    join(folder, 'apache.conf'),
    describeApache(folder, port, tls ? `${lines}\n${describeTls(tls)}` : lines),
  );
  // Apache refuses to work as root, and everything here belongs to whoever runs the tests.
  if (userInfo().uid === 0) {
    await run('chown', ['-R', 'www-data:www-data', folder]);
    await chmod(folder, 0o755);
  }
  const stop = await startDaemon('/usr/sbin/apache2', ['-f', join(folder, 'apache.conf'), '-DFOREGROUND'], port);
  const host = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  return { url: `${host}/${slug}`, host, stop };
}

function describeTls({ certificate, key }: { readonly certificate: string; readonly key: string }): string {
  const files = `SSLCertificateFile "${certificate}"\nSSLCertificateKeyFile "${key}"`;
  return `LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\nSSLEngine on\nSSLSessionCache none\n${files}`;
}

function describeApache(folder: string, port: number, lines: string): string {
  const modules = [
    'alias',
    'mpm_event',
    'authn_core',
    'authn_file',
    'authz_core',
    'authz_user',
    'auth_basic',
    'dav',
    'dav_svn',
  ];
  const user = userInfo().uid === 0 ? 'User www-data\nGroup www-data\n' : '';
  return `ServerRoot "${folder}"
Listen 127.0.0.1:${port}
ServerName localhost
PidFile "${folder}/apache.pid"
DefaultRuntimeDir "${folder}"
ErrorLog "${folder}/apache.log"
${user}${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
CustomLog "${folder}/access.log" "%r %{Authorization}i"
${lines}
<Location />
  DAV svn
  SVNPath "${folder}/repository"
  AuthType Basic
  AuthName "Subversion"
  AuthUserFile "${folder}/passwords"
  <LimitExcept GET PROPFIND OPTIONS REPORT>
    Require valid-user
  </LimitExcept>
</Location>
`;
}

async function startDaemon(program: string, words: readonly string[], port: number): Promise<() => Promise<void>> {
  const child = spawn(program, words, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => process.off('exit', killWithUs));
  await waitForPort(port, child, () => said);
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

async function waitForPort(port: number, child: ChildProcess, said: () => string): Promise<void> {
  await waitUntil(`something to listen at ${port}`, () => {
    if (child.exitCode !== null) throw new Error(`a daemon ended with ${child.exitCode}: ${said()}`);
    return new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  });
}

function parseLog(text: string): Revision[] {
  return text
    .split(/^-{72}\n/m)
    .filter((part) => part.startsWith('r'))
    .map((part) => {
      const [head = '', ...lines] = part.split('\n');
      const end = lines.indexOf('');
      const paths = lines.slice(1, end).map((line) => line.trim());
      return {
        number: Number(head.slice(1).split(' ', 1)[0]),
        paths,
        message: lines
          .slice(end + 1)
          .join('\n')
          .trim(),
      };
    });
}
