/** Fetches checkpoint and tiles of a log below the base of a server or mirror (C2SP tlog-tiles, v1.0.0), which nobody trusts. */
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { TileSource } from '../tlog/prover.ts';
import { formatTilePath, type Tile, tileWidth } from '../tlog/tile.ts';
import type { TrustedLog } from '../updates/trust-list.ts';
import { maxCheckpointCharacters, type VerifiedCheckpoint, verifyCheckpoint } from '../updates/verify-log.ts';
import { fetchMetadata, type Transport } from './transport.ts';

/** The most tiles that one check reads: two trees below 2^53 entries need fewer. */
const maxTiles = 64;

const hashBytes = 32;

/**
 * Where the files of a log lie below a server's base. The logs of one server that came after each other are told apart by the end of
 * their origins: what was served of one, and is kept by caches and mirrors, must not be read as the next one's.
 */
export function locateLog({ origin }: Pick<TrustedLog, 'origin'>): string {
  const [, number] = /\/log(\/(?:[2-9]|[1-9][0-9]{1,8}))$/.exec(origin) ?? [];
  return `/log${number ?? ''}`;
}

/** The checkpoint that is served now. Throws `fetch_failed` when there is none, and the codes of `verifyCheckpoint`. */
export async function fetchCheckpoint(transport: Transport, log: TrustedLog): Promise<VerifiedCheckpoint> {
  const bytes = await fetchMetadata(transport, `${locateLog(log)}/checkpoint`, maxCheckpointCharacters);
  if (!bytes) throw new TrustError('fetch_failed', 'expected the checkpoint of a log, the server has none');
  return verifyCheckpoint(parseText(bytes), log);
}

/**
 * The tiles of hashes of `log` at `size` entries, each fetched once. A tile that is not full is asked for in the width that it has in that
 * tree and cut: file servers have it in no other.
 */
export function createTileSource(transport: Transport, log: Pick<TrustedLog, 'origin'>, size: number): TileSource {
  const fetched = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const readOnce = (tile: Tile) => {
    const path = formatTilePath(tile);
    if (!fetched.has(path) && fetched.size === maxTiles) {
      throw new TrustError('too_large', `expected a proof of at most ${maxTiles} tiles`);
    }
    const bytes = fetched.get(path) ?? fetchTile(transport, locateLog(log), tile);
    fetched.set(path, bytes);
    return bytes;
  };
  return {
    readTile: async (tile) => {
      const width = widthOf(tile, size);
      const bytes = await readOnce({ ...tile, width });
      return bytes.subarray(0, tile.width * hashBytes);
    },
  };
}

/** How many hashes a tile has in the tree of `size` entries. */
function widthOf({ level, index }: Tile, size: number): number {
  if (level === 'entries') throw new TypeError('expected a tile of hashes');
  return Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
}

/** Logs may take partial tiles away once they are full (C2SP tlog-tiles, "Partial Tiles"). */
async function fetchTile(transport: Transport, folder: string, tile: Tile): Promise<Uint8Array<ArrayBuffer>> {
  for (const width of new Set([tile.width, tileWidth])) {
    const path = `${folder}/${formatTilePath({ ...tile, width })}`;
    const bytes = await fetchMetadata(transport, path, width * hashBytes);
    if (bytes) return bytes;
  }
  throw new TrustError('fetch_failed', `expected ${folder}/${formatTilePath(tile)}, the server has none`);
}
