/** Checkpoints (C2SP tlog-checkpoint, v1.0.0): what a log says its tree is, as the text of a note. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';

/** How many entries a log had, and the hash over all of them. */
export interface TreeHead {
  readonly size: number;
  /** 32 octets. */
  readonly rootHash: Uint8Array<ArrayBuffer>;
}

/** A log's tree, as the log says it is. */
export interface Checkpoint extends TreeHead {
  /** Which log: not empty, one line. */
  readonly origin: string;
  /** Further lines, which mean what the log says they do. */
  readonly extensions: readonly string[];
}

/** Parses the text of a note. Throws `malformed`: sizes and hashes have one form. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...extensions] = text.split('\n');
  if (extensions.pop() !== '') throw refuse('origin, size and root hash, each with a line feed');
  if (origin === '') throw refuse('an origin');
  if (extensions.includes('')) throw refuse('no empty line');
  const rootHash = parseBase64(root);
  if (rootHash.length !== 32) throw refuse(`a root hash of 32 octets, got ${rootHash.length}`);
  return { origin, size: parseTreeSize(size), rootHash, extensions };
}

/** A decimal number of entries, below 2^53. Throws `malformed` for signs, leading zeros and larger numbers. */
export function parseTreeSize(text: string): number {
  const size = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw refuse('a decimal tree size below 2^53');
  return size;
}

/** The text of a checkpoint. Throws a TypeError for lines that are none. */
export function encodeCheckpoint({ origin, size, rootHash, extensions }: Checkpoint): string {
  if (![origin, ...extensions].every((line) => /^[^\n]+$/.test(line))) throw new TypeError('expected lines');
  return [origin, String(size), encodeBase64(rootHash), ...extensions, ''].join('\n');
}

function refuse(expected: string): TrustError {
  return new TrustError('malformed', `expected a checkpoint of ${expected}`);
}
