/** The transparency log on a mirror: read and verified as a whole, and written as the files of C2SP tlog-tiles. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateLog } from '@signpost/protocol/client/log-tiles';
import { readLog } from '@signpost/protocol/client/read-log';
import { createTransport, type Fetch } from '@signpost/protocol/client/transport';
import { TrustError } from '@signpost/protocol/errors';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { hashPairs } from '@signpost/protocol/tlog/prover';
import { encodeEntryTile, formatTilePath, type Tile, tileWidth } from '@signpost/protocol/tlog/tile';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { type VerifiedCheckpoint, verifyCheckpoint } from '@signpost/protocol/updates/verify-log';

/** Where the log is read, and where it goes. */
export interface LogMirror {
  readonly base: string;
  readonly fetch: Fetch;
  readonly dir: string;
  /** Writes a file below the mirror, by the path of its URL. */
  readonly write: (url: string, bytes: string | Uint8Array) => Promise<void>;
}

type Hash = Uint8Array<ArrayBuffer>;

/**
 * Writes the tiles of `log` and then its checkpoint; returns how many entries it has. Full tiles of entries that lie there are not fetched
 * again, but verified with the rest. Throws what `readLog` throws, also for a log that is not the one that lies there, and then has written
 * nothing that is not in the signed tree, and no checkpoint.
 */
export async function mirrorLog(mirror: LogMirror, log: TrustedLog): Promise<number> {
  const path = locateLog(log);
  const mirrored = await readCheckpoint(join(mirror.dir, ...path.split('/'), 'checkpoint'), log);
  const fetch = mirrored ? preferLocal(mirror, `${path}/tile/entries/`) : mirror.fetch;
  const transport = createTransport(mirror.base, fetch);
  const leaves: Hash[] = [];
  const writeTiles = async (tiles: readonly EncodedTile[]) => {
    for (const [tile, bytes] of tiles) await mirror.write(`${path}/${formatTilePath(tile)}`, bytes);
  };
  const checkpoint = await readLog({
    ...{ transport, log, seen: mirrored, isWhole: true },
    onEntries: async (entries) => {
      const contents = entries.map(({ bytes }) => bytes);
      await writeTiles(encodeEntryTiles(contents, leaves.length / tileWidth));
      leaves.push(...contents.map(hashLeaf));
    },
  });
  await writeTiles(createHashTiles(leaves));
  await mirror.write(`${path}/checkpoint`, checkpoint.note);
  return checkpoint.size;
}

/** What lies there of another log is not looked at. */
async function readCheckpoint(path: string, log: TrustedLog): Promise<VerifiedCheckpoint | undefined> {
  const note = await readFile(path, 'utf8').catch(() => undefined);
  if (note === undefined) return undefined;
  return verifyCheckpoint(note, log).catch((error: unknown) => {
    if (error instanceof TrustError) return undefined;
    throw error;
  });
}

/** What never changes need not be asked for twice. */
function preferLocal({ base, fetch, dir }: LogMirror, folder: string): Fetch {
  const root = `${base.replace(/\/+$/, '')}${folder}`;
  return async (url, init) => {
    if (!url.startsWith(root) || url.includes('.p/')) return fetch(url, init);
    const path = join(dir, ...`${folder}${url.slice(root.length)}`.split('/'));
    const bytes = await readFile(path).catch(() => undefined);
    return bytes ? new Response(bytes) : fetch(url, init);
  };
}

type EncodedTile = readonly [Tile, Uint8Array];

/** The tiles of entries from tile `first` on: entries come in portions of whole tiles. */
function encodeEntryTiles(entries: readonly Uint8Array[], first: number): readonly EncodedTile[] {
  return groupTiles('entries', entries).map(([tile, group]) => [
    { ...tile, index: first + tile.index },
    encodeEntryTile(group),
  ]);
}

function createHashTiles(leaves: readonly Hash[]): readonly EncodedTile[] {
  const tiles: EncodedTile[] = [];
  for (let [level, hashes] = [0, leaves]; hashes.length > 0; level++) {
    const groups = groupTiles(level, hashes);
    tiles.push(...groups.map(([tile, group]) => [tile, Buffer.concat(group)] as const));
    hashes = groups.filter(([{ width }]) => width === tileWidth).map(([, group]) => hashPairs(group));
  }
  return tiles;
}

function groupTiles<T>(level: Tile['level'], items: readonly T[]): readonly (readonly [Tile, readonly T[]])[] {
  return Array.from({ length: Math.ceil(items.length / tileWidth) }, (_, index) => {
    const group = items.slice(index * tileWidth, (index + 1) * tileWidth);
    return [{ level, index, width: group.length }, group] as const;
  });
}
