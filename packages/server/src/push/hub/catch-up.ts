/** What was missed, in blocks that are read and encoded once for all who stand in the same place. */
import type { Database } from '../../storage/database.ts';
import { listFrames } from '../log/store.ts';
import type { Positions } from './audience.ts';
import type { Feed } from './feed.ts';
import { encodePieces, type Framing, type Piece } from './framing.ts';

/** Frames of one block. */
export const blockFrames = 1000;

/** Blocks kept, and for how long: a server that comes back is asked the same by everybody, within seconds. */
const keptBlocks = 64;
const keptMs = 1000;

/** Frames after some positions, in the order of each channel. */
interface Missed {
  readonly pieces: readonly Piece[];
  /** Where somebody stands who has read them. */
  readonly positions: Positions;
}

/** The same, encoded. */
export interface Block {
  readonly bytes: Buffer;
  readonly frames: number;
  readonly positions: Positions;
}

/**
 * Up to `limit` frames that follow `positions`, as far as the heads; from memory where they are there. Frames that retention took
 * meanwhile leave a hole, which the listener sees.
 */
export async function readMissed(
  query: Database['query'],
  feed: Feed,
  { positions, limit }: { readonly positions: Positions; readonly limit: number },
): Promise<Missed> {
  const reached = new Map(positions);
  const pieces: Piece[] = [];
  for (const [name, after] of positions) {
    const rest = limit - pieces.length;
    if (rest <= 0) break;
    for (const { sequence, text } of await readChannel(query, feed, { name, after, limit: rest })) {
      reached.set(name, sequence);
      pieces.push({ text, cursor: feed.formatCursor(reached) });
    }
  }
  return { pieces, positions: reached };
}

/** Whether somebody has read everything. */
export function isAtHead(feed: Feed, positions: Positions): boolean {
  for (const [name, sequence] of positions) if (sequence < (feed.channels.get(name)?.head ?? 0)) return false;
  return true;
}

/** A block that was asked for. */
interface KeptBlock {
  readonly block: Promise<Block>;
  /** When, on the clock that only goes forward. */
  readonly at: number;
  /** The block, once it is there. */
  made?: Block;
}

/** Shares blocks between those who ask for the same one. */
export class CatchUp {
  readonly #query: Database['query'];
  readonly #blocks = new WeakMap<Feed, Map<string, KeptBlock>>();

  constructor(query: Database['query']) {
    this.#query = query;
  }

  /** The next block after `positions`. It may end before the heads that have moved on since it was made. */
  read(feed: Feed, framing: Framing, positions: Positions): Promise<Block> {
    const blocks = this.#blocks.get(feed) ?? new Map<string, KeptBlock>();
    this.#blocks.set(feed, blocks);
    const key = keyOf(feed, framing, positions);
    const known = findKept(blocks, key);
    if (known) return known.block;
    const block = this.#encode(feed, framing, positions);
    const kept: KeptBlock = { block, at: performance.now() };
    blocks.delete(key);
    blocks.set(key, kept);
    const [oldest] = blocks.keys();
    if (blocks.size > keptBlocks && oldest !== undefined) blocks.delete(oldest);
    block.then(
      (made) => Object.assign(kept, { made }),
      () => blocks.delete(key),
    );
    return block;
  }

  /** The same, where it was made for somebody else already. */
  find(feed: Feed, framing: Framing, positions: Positions): Block | undefined {
    const blocks = this.#blocks.get(feed);
    return blocks && findKept(blocks, keyOf(feed, framing, positions))?.made;
  }

  async #encode(feed: Feed, framing: Framing, positions: Positions): Promise<Block> {
    const missed = await readMissed(this.#query, feed, { positions, limit: blockFrames });
    const bytes = missed.pieces.length === 0 ? Buffer.alloc(0) : encodePieces(framing, missed.pieces);
    return { bytes, frames: missed.pieces.length, positions: missed.positions };
  }
}

function keyOf(feed: Feed, framing: Framing, positions: Positions): string {
  return `${framing} ${feed.formatCursor(positions)}`;
}

function findKept(blocks: ReadonlyMap<string, KeptBlock>, key: string): KeptBlock | undefined {
  const kept = blocks.get(key);
  return kept && performance.now() - kept.at < keptMs ? kept : undefined;
}

async function readChannel(
  query: Database['query'],
  feed: Feed,
  { name, after, limit }: { readonly name: string; readonly after: number; readonly limit: number },
): Promise<{ sequence: number; text: string }[]> {
  const recent = feed.recentAfter(name, after);
  if (recent) return recent.slice(0, limit);
  const { organisationId } = feed;
  const rows = await listFrames(query, { organisationId, channel: name, after, limit });
  // What is committed and not yet told of is told of later, in its order.
  const head = feed.channels.get(name)?.head ?? 0;
  return rows.filter(({ sequence }) => sequence <= head).map(({ sequence, frame }) => ({ sequence, text: frame }));
}
