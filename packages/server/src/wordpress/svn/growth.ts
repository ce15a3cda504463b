/** Bounds what a repository may write on this disk, while it writes: what it listed before is only what it said. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SvnFailure } from './failure.ts';

/** What a tree has, and what one may have on a disk. */
export interface TreeSize {
  readonly entries: number;
  readonly bytes: number;
}

/** How often the folder is looked at, in milliseconds; less often where a look takes long. */
const everyMs = 200;
/** So that most of the time is not spent with looking. */
const restFactor = 10;

/** Does `work` under a signal that is aborted with a `SvnFailure`, `too-large`, as soon as more than `bounds` came to what `folder` holds. */
export async function boundGrowth<T>(
  folder: string,
  { bounds, signal }: { readonly bounds: TreeSize; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const before = await measureFolder(folder, { entries: Infinity, bytes: Infinity });
  const most = { entries: before.entries + bounds.entries, bytes: before.bytes + bounds.bytes };
  const [excess, done] = [new AbortController(), new AbortController()];
  const watching = watch(folder, most, done.signal).then((isExceeded) => {
    if (isExceeded) excess.abort(describeExcess(bounds));
  });
  try {
    return await work(AbortSignal.any([signal, excess.signal]));
  } finally {
    done.abort();
    await watching;
  }
}

/** True once there is more than `most`, false when it was ended before. */
async function watch(folder: string, most: TreeSize, ended: AbortSignal): Promise<boolean> {
  let restMs = everyMs;
  while (!ended.aborted) {
    await delay(restMs, undefined, { signal: ended }).catch(() => undefined);
    const started = performance.now();
    const found = await measureFolder(folder, most);
    if (found.entries > most.entries || found.bytes > most.bytes) return true;
    restMs = Math.max(everyMs, restFactor * (performance.now() - started));
  }
  return false;
}

/** How much lies below the folder; it is looked at no further when that is more than `most`. Paths may come and go meanwhile. */
async function measureFolder(folder: string, most: TreeSize): Promise<TreeSize> {
  const sum = { entries: 0, bytes: 0 };
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      if (sum.entries > most.entries || sum.bytes > most.bytes) return;
      sum.entries += 1;
      const inside = join(path, entry.name);
      if (entry.isDirectory()) await walk(inside);
      else sum.bytes += (await lstat(inside).catch(() => undefined))?.size ?? 0;
    }
  };
  await walk(folder);
  return sum;
}

function describeExcess({ entries, bytes }: TreeSize): SvnFailure {
  return new SvnFailure('too-large', `the repository sent more than ${entries} files or ${bytes} bytes on this disk`);
}
