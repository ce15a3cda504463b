/** A PostgreSQL server of our own for tests: in a temporary folder, on a Unix socket, gone when this process is. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { waitUntil } from '../../../protocol/test/wait-until.ts';

/** Where Debian keeps the programs of the newest version, or undefined when PostgreSQL is not installed. */
export function findPostgres(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).filter((version) => existsSync(join(root, version, 'bin', 'postgres')));
  const newest = versions.sort((left, right) => Number(left) - Number(right)).at(-1);
  return newest === undefined ? undefined : join(root, newest, 'bin');
}

// Nothing here lives long enough for what vacuuming and compiling queries would save. The shell ends the server and removes the folder when its standard input closes, which also happens when this
// process is killed, and on no other word.
const guardian = `
trap '' TERM
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \\
  -c full_page_writes=off -c max_connections=300 -c autovacuum=off -c jit=off >"$2/log" 2>&1 &
read -r _
kill -INT $! && wait $!
rm -rf "$2"
`;

/** Starts a server and returns the URL of its database `postgres`. It ends with this process. */
export async function startPostgres(bin: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-postgres-'));
  const owner = process.getuid?.() === 0 ? ownerOf('postgres') : undefined;
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const identity = { ...owner, cwd: folder };
  const cluster = ['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8'];
  execFileSync(join(bin, 'initdb'), [...cluster, '--locale=C.UTF-8'], { ...identity, stdio: 'ignore' });
  const shell = spawn('/bin/sh', ['-c', guardian, 'sh', bin, folder], {
    ...identity,
    stdio: ['pipe', 'ignore', 'ignore'],
    // A group of its own, so that an interrupt at the terminal reaches the tests first.
    detached: true,
  });
  shell.unref();
  if (shell.stdin && 'unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`;
  await waitUntilReady(url);
  return url;
}

function ownerOf(user: string): { uid: number; gid: number } {
  const number = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: number('-u'), gid: number('-g') };
}

/** The socket is there before the server takes anybody. */
function waitUntilReady(url: string): Promise<void> {
  return waitUntil('PostgreSQL to answer', async () => {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  });
}
