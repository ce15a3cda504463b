/** Reads everything that was appended to a log, and verifies it as a whole (docs/protocol/log.md, "Who watches"). */
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { hashLeaf } from '../tlog/merkle.ts';
import { proveInclusion } from '../tlog/prover.ts';
import { formatTilePath, parseEntryTile, tileWidth } from '../tlog/tile.ts';
import { TreeEdge } from '../tlog/tree-edge.ts';
import { maxLogEntryBytes } from '../updates/log-entry.ts';
import type { TrustedLog } from '../updates/trust-list.ts';
import { readBeginning, type VerifiedCheckpoint, verifyOneHistory } from '../updates/verify-log.ts';
import { createTileSource, fetchCheckpoint, locateLog } from './log-tiles.ts';
import { fetchMetadata, type Transport } from './transport.ts';

/** How many entries are read before they are verified: who lies about them costs no more than that. */
const portion = 16 * tileWidth;

/** The largest tile of entries, in bytes: each has two bytes for its length. */
const maxEntryTileBytes = tileWidth * (maxLogEntryBytes + 2);

/** What to read, and from where on. */
export interface LogRequest {
  readonly transport: Transport;
  readonly log: TrustedLog;
  /** The checkpoint that was read before: the log must go on from there. */
  readonly seen: VerifiedCheckpoint | undefined;
  /** Whether what was seen is read once more. */
  readonly isWhole?: boolean;
  /** Given each portion once it is verified, in order. */
  readonly onEntries: (entries: readonly ReadEntry[], checkpoint: VerifiedCheckpoint) => void | Promise<void>;
}

/** An entry as it stands in the log. */
export interface ReadEntry {
  readonly index: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the log up to its newest checkpoint, and returns that: with what was seen before, the entries that it gave are all of the tree that
 * the checkpoint signs. Throws `log_inconsistent` when it is not the log that was seen, `log_proof_invalid` when entries are not those of
 * the tree or the log shrank, and the codes of fetching.
 */
export async function readLog(request: LogRequest): Promise<VerifiedCheckpoint> {
  const { transport, log, seen, isWhole = false, onEntries } = request;
  const checkpoint = await fetchCheckpoint(transport, log);
  if (seen) await verifyGrown(request, seen, checkpoint);
  const edge = seen && !isWhole ? await readEdge(request, seen, checkpoint) : new TreeEdge();
  while (edge.size < checkpoint.size) {
    const entries = await readPortion(request, edge, checkpoint.size);
    await verifyRoot(request, edge, checkpoint);
    await onEntries(entries, checkpoint);
  }
  return checkpoint;
}

async function verifyGrown(
  { transport, log }: LogRequest,
  seen: VerifiedCheckpoint,
  shown: VerifiedCheckpoint,
): Promise<void> {
  if (shown.size < seen.size) {
    throw new TrustError('log_proof_invalid', `expected a log of at least ${seen.size} entries, got ${shown.size}`);
  }
  await verifyOneHistory({ seen, shown, source: createTileSource(transport, log, shown.size) });
}

/** The inclusion proof of the leaf that came next is the edge of the tree before it, from its smallest subtree on. */
async function readEdge(
  { transport, log }: LogRequest,
  { size, rootHash }: VerifiedCheckpoint,
  shown: VerifiedCheckpoint,
): Promise<TreeEdge> {
  // Nothing comes after it, and an empty tree has no edge.
  if (size === shown.size || size === 0) return new TreeEdge(size);
  const source = createTileSource(transport, log, shown.size);
  const subtrees = await proveInclusion(source, { index: size, size: size + 1 });
  const edge = new TreeEdge(size, subtrees.toReversed());
  if (!isSameBytes(edge.root, rootHash)) {
    throw new TrustError('log_proof_invalid', `expected tiles of the tree of ${size} entries, got others`);
  }
  return edge;
}

/** Appends the entries up to the next whole portion, or the end of the tree of `size`. */
async function readPortion(
  { transport, log }: LogRequest,
  edge: TreeEdge,
  size: number,
): Promise<readonly ReadEntry[]> {
  const [from, to] = [edge.size, Math.min(size, (Math.floor(edge.size / portion) + 1) * portion)];
  const entries: ReadEntry[] = [];
  for (let tile = Math.floor(from / tileWidth); edge.size < to; tile++) {
    const first = tile * tileWidth;
    const width = Math.min(tileWidth, size - first);
    const path = `${locateLog(log)}/${formatTilePath({ level: 'entries', index: tile, width })}`;
    for (const [at, bytes] of parseEntryTile(await fetchEntryTile(transport, path), width).entries()) {
      if (first + at < from) continue;
      edge.append(hashLeaf(bytes));
      entries.push({ index: first + at, bytes });
    }
  }
  return entries;
}

/** The tree so far must be what the signed tree begins with, by the tiles that lead to its root. */
async function verifyRoot(
  { transport, log }: LogRequest,
  edge: TreeEdge,
  checkpoint: VerifiedCheckpoint,
): Promise<void> {
  const source = createTileSource(transport, log, checkpoint.size);
  const isAll = edge.size === checkpoint.size;
  const { rootHash } = isAll ? checkpoint : await readBeginning(source, edge.size, checkpoint);
  if (isSameBytes(edge.root, rootHash)) return;
  throw new TrustError('log_proof_invalid', `expected the entries of the tree of ${checkpoint.size}, got others`);
}

async function fetchEntryTile(transport: Transport, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await fetchMetadata(transport, path, maxEntryTileBytes);
  if (!bytes) throw new TrustError('fetch_failed', `expected ${path}, the server has none`);
  return bytes;
}
