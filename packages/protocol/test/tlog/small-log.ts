/** A log in memory, whose tiles and proofs are computed the plain way: what clients are shown, honest or not. */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { encodeCheckpoint, type TreeHead } from '@signpost/protocol/tlog/checkpoint';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { deriveKeyHint, noteKeyTypes } from '@signpost/protocol/tlog/note-key';
import type { TileSource } from '@signpost/protocol/tlog/prover';
import { encodeSignatureLine } from '@signpost/protocol/tlog/signed-note';
import { encodeEntryTile, formatTilePath, type Tile, tileWidth } from '@signpost/protocol/tlog/tile';
import { encodeLogEntry, type LogEntry } from '@signpost/protocol/updates/log-entry';
import { logKey } from '../documents.ts';
import { hashTree, proveInclusion } from './naive-tree.ts';

/** Who signs, and under which name. */
interface Identity {
  readonly origin: string;
  readonly signer: Signer;
}

/** Entries that only grow; `fork` makes another log that says it is the same one. */
export class SmallLog implements TileSource {
  readonly entries: Uint8Array<ArrayBuffer>[];
  readonly identity: Identity;

  constructor(identity: Partial<Identity> = {}, entries: readonly Uint8Array<ArrayBuffer>[] = []) {
    this.identity = { origin: 'updates.example/log', signer: logKey, ...identity };
    this.entries = [...entries];
  }

  /** Appends entries; the index of the last one. */
  add(...entries: readonly LogEntry[]): number {
    this.entries.push(...entries.map(encodeLogEntry));
    return this.entries.length - 1;
  }

  /** Appends `count` entries that are nobody's business here. */
  fill(count: number, word = 'filler'): this {
    for (let added = 0; added < count; added++) {
      this.entries.push(encodeText(`${word} ${this.entries.length}`));
    }
    return this;
  }

  /** The log as it was at `size`, which goes on by itself. */
  fork(size: number): SmallLog {
    return new SmallLog(this.identity, this.entries.slice(0, size));
  }

  /** The signed checkpoint of the first `size` entries. */
  async checkpoint(size = this.entries.length): Promise<string> {
    return this.checkpointOf({ size, rootHash: hashTree(this.entries.slice(0, size)) });
  }

  /** A signed checkpoint of whatever tree. */
  async checkpointOf(head: TreeHead): Promise<string> {
    const { origin, signer } = this.identity;
    return signNote(encodeCheckpoint({ ...head, origin, extensions: [] }), origin, signer);
  }

  /** What stands beside a manifest. */
  async prove(index: number, size = this.entries.length): Promise<SignableObject> {
    const hashes = proveInclusion(index, this.entries.slice(0, size));
    const checkpoint = await this.checkpoint(size);
    return { index, hashes: hashes.map((hash) => encodeBase64(hash)), checkpoint, organisation: 'default' };
  }

  async readTile({ level, index, width }: Tile): Promise<Uint8Array<ArrayBuffer>> {
    if (level === 'entries') return encodeEntryTile(this.entries.slice(index * tileWidth, index * tileWidth + width));
    const below = tileWidth ** level;
    const hashes = Array.from({ length: width }, (_, at) => {
      const start = (index * tileWidth + at) * below;
      const leaves = this.entries.slice(start, start + below);
      return level === 0 ? hashLeaf(leaves[0] ?? new Uint8Array()) : hashTree(leaves);
    });
    return new Uint8Array(Buffer.concat(hashes));
  }

  /** Every tile of the tree of `size`, by its path below the log, and the checkpoint: the files of a mirror. */
  async listFiles(size = this.entries.length): Promise<Map<string, string | Uint8Array>> {
    const files = new Map<string, string | Uint8Array>([['checkpoint', await this.checkpoint(size)]]);
    for (const tile of listTiles(size)) files.set(formatTilePath(tile), await this.readTile(tile));
    return files;
  }
}

/** The tiles of a tree, those of entries included. */
function listTiles(size: number): Tile[] {
  const levels = [...new Array(3).keys()].flatMap((level) => tilesOf(level, Math.floor(size / tileWidth ** level)));
  return [...levels, ...tilesOf('entries', size)];
}

function tilesOf(level: Tile['level'], hashes: number): Tile[] {
  return Array.from({ length: Math.ceil(hashes / tileWidth) }, (_, index) => ({
    level,
    index,
    width: Math.min(tileWidth, hashes - index * tileWidth),
  }));
}

/** `text` with the signature line of `signer` under `name`. */
export async function signNote(text: string, name: string, signer: Signer): Promise<string> {
  const keyHint = deriveKeyHint(name, noteKeyTypes.ed25519, parseBase64(signer.pubkeyB64));
  const signature = await signer.sign(encodeText(text));
  return `${text}\n${encodeSignatureLine({ name, keyHint, signature })}`;
}
