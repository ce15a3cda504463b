/** Tiles of a log (C2SP tlog-tiles, v1.0.0): where they are, and what is in them. */
import { TrustError } from '../errors.ts';

/** Hashes, or entries, of a full tile. */
export const tileWidth = 256;
const hashBytes = 32;

/** A part of a log that is one file. */
export interface Tile {
  /** Of the hashes in it, above the entries' own, in steps of 8 levels; `entries`: the entries themselves. */
  readonly level: number | 'entries';
  /** Counted from 0. */
  readonly index: number;
  /** 256, or less for one that is not full yet. */
  readonly width: number;
}

/** The path of a tile below the log's URL: `tile/0/x001/x234/067`, with `.p/` and the width when it is not full. */
export function formatTilePath({ level, index, width }: Tile): string {
  if (!isTile({ level, index, width })) throw new TypeError('expected a tile of a log');
  const groups: string[] = [];
  let rest = index;
  do {
    const group = String(rest % 1000).padStart(3, '0');
    groups.unshift(groups.length === 0 ? group : `x${group}`);
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return `tile/${level}/${groups.join('/')}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** The tile at a path. Throws `malformed` for other forms of the same number, too. */
export function parseTilePath(path: string): Tile {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  const [, level = '', number = '', width = String(tileWidth)] = match ?? [];
  const tile = {
    level: level === 'entries' ? ('entries' as const) : Number(level),
    index: Number(number.replaceAll(/[x/]/g, '')),
    width: Number(width),
  };
  if (!match || !isTile(tile) || formatTilePath(tile) !== path) throw refuse('the path of a tile');
  return tile;
}

function isTile({ level, index, width }: Tile): boolean {
  const isLevel = level === 'entries' || (Number.isInteger(level) && level >= 0 && level <= 63);
  return (
    isLevel && Number.isSafeInteger(index) && index >= 0 && Number.isInteger(width) && width > 0 && width <= tileWidth
  );
}

/** The hashes in a tile of `width`. Throws `malformed` when it holds more or fewer. */
export function parseHashTile(bytes: Uint8Array<ArrayBuffer>, width: number): readonly Uint8Array<ArrayBuffer>[] {
  if (bytes.length !== width * hashBytes) throw refuse(`a tile of ${width} hashes, got ${bytes.length} bytes`);
  return Array.from({ length: width }, (_, index) => bytes.subarray(index * hashBytes, (index + 1) * hashBytes));
}

/** The entries in a tile of `width`, each of at most 65,535 bytes. Throws `malformed` when it holds more or fewer. */
export function parseEntryTile(bytes: Uint8Array<ArrayBuffer>, width: number): readonly Uint8Array<ArrayBuffer>[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + 2;
    const end = start <= bytes.length ? start + view.getUint16(at) : Infinity;
    if (end > bytes.length) throw refuse('an entry that fits its tile');
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  if (entries.length !== width) throw refuse(`a tile of ${width} entries, got ${entries.length}`);
  return entries;
}

/** A tile of entries. Throws a TypeError for an entry above 65,535 bytes. */
export function encodeEntryTile(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (entries.some(({ length }) => length > 0xffff)) throw new TypeError('expected entries of at most 65535 bytes');
  const bytes = new Uint8Array(entries.reduce((sum, { length }) => sum + 2 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    view.setUint16(at, entry.length);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

function refuse(expected: string): TrustError {
  return new TrustError('malformed', `expected ${expected}`);
}
