/** Tiles of the log (C2SP tlog-tiles, v1.0.0) out of its rows. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import type { TileSource } from '@signpost/protocol/tlog/prover';
import { encodeEntryTile, formatTilePath, type Tile, tileWidth } from '@signpost/protocol/tlog/tile';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { violationOf } from '../../storage/violation.ts';
import { type LogRow, listHashes, listRun } from './store.ts';

/**
 * The tiles of hashes of a log, whether under a checkpoint or not, each read once: what a tile of some width holds never changes. Reading one
 * throws `unavailable` when rows are missing.
 */
export function openTiles(query: Query, log: Pick<LogRow, 'id'>): TileSource {
  const tiles = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  return {
    readTile: (tile) => {
      const path = formatTilePath(tile);
      const bytes = tiles.get(path) ?? readHashes(query, log, tile);
      tiles.set(path, bytes);
      return bytes;
    },
  };
}

async function readHashes(query: Query, { id }: Pick<LogRow, 'id'>, tile: Tile): Promise<Uint8Array<ArrayBuffer>> {
  const { level, index, width } = tile;
  const hashes = await listHashes(query, { log: id, level: Number(level), start: index * tileWidth, count: width });
  const bytes = Buffer.concat(hashes.map((hash) => Buffer.from(hash, 'base64')));
  if (bytes.length !== width * 32) throw logDamaged(`expected ${width} hashes at level ${level}, got others`);
  return new Uint8Array(bytes);
}

/** The bytes of a tile as it is served, or undefined when the tree under the checkpoint does not have it. */
export async function readServedTile(
  query: Query,
  log: LogRow,
  tile: Tile,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { level, index, width } = tile;
  const hashes = level === 'entries' ? log.checkpoint_size : Math.floor(log.checkpoint_size / 256 ** level);
  if (index * tileWidth + width > hashes) return undefined;
  if (level !== 'entries') return openTiles(query, log).readTile(tile);
  const rows = await listRun(query, { log: log.id, start: index * tileWidth, count: width });
  if (rows.length !== width) throw logDamaged(`expected ${width} entries, got ${rows.length}`);
  return encodeEntryTile(rows.map(({ entry }) => encodeText(entry)));
}

/** The rows are not what was signed: nothing may be signed over them, or shown of them. */
export function logDamaged(message: string, cause?: unknown): Refusal {
  return new Refusal('unavailable', `the transparency log was tampered with or damaged: ${message}`, {
    rule: 'log-damaged',
    hint: 'keep a copy of the database as it is; signpost doctor tells more; restore a backup',
    cause,
  });
}

/** What `work` gives that reads or continues the rows of a log. What only rows that were tampered with can be the reason of is thrown as `logDamaged`, all else as it is. */
export async function tellDamage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOfRows = error instanceof TrustError || error instanceof TypeError || violationOf(error) !== undefined;
    if (!isOfRows) throw error;
    throw logDamaged('its rows contradict each other', error);
  }
}
