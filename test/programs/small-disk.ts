/** A disk that a test can fill: a small tmpfs of its own where mounting is allowed, else a limit on what the server writes. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A place for a data folder. */
export interface SmallDisk {
  readonly dir: string;
  /** From now on nothing more fits, for the process `pid`. */
  fill(pid: number): void;
  /** There is room again. */
  clear(pid: number): void;
  remove(): Promise<void>;
}

const sizeMib = 64;

/** Makes the disk. Throws when neither way works, such as without util-linux. */
export async function createSmallDisk(): Promise<SmallDisk> {
  const dir = await mkdtemp(join(tmpdir(), 'signpost-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    return createLimitedFolder(dir);
  }
  const filler = join(dir, 'filler');
  return {
    dir,
    fill: () => writeUntilFull(filler),
    clear: () => rmSync(filler),
    remove: async () => {
      execFileSync('umount', ['--lazy', dir]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Without the right to mount: the server's own limit on file sizes (setrlimit(2), RLIMIT_FSIZE), lowered and raised again. */
function createLimitedFolder(dir: string): SmallDisk {
  const limit = (pid: number, bytes: string) =>
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  return {
    dir,
    fill: (pid) => limit(pid, '4096'),
    clear: (pid) => limit(pid, 'unlimited'),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = 1024 * 1024; size >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}
