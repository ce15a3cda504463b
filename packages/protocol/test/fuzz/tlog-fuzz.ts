/** Thousands of damaged notes, checkpoints, keys, tiles, cosignatures and proofs: each is accepted or refused, and what is accepted is true. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import { encodeCheckpoint, parseCheckpoint, parseTreeSize } from '@signpost/protocol/tlog/checkpoint';
import { signCosignature, verifyCosignatures } from '@signpost/protocol/tlog/cosignature';
import { hashLeaf, type InclusionProof, verifyConsistency, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import {
  createNoteVerifier,
  encodeNoteKey,
  type NoteKey,
  noteKeyTypes,
  parseNoteKey,
} from '@signpost/protocol/tlog/note-key';
import { encodeSignatureLine, parseSignedNote, verifyNote } from '@signpost/protocol/tlog/signed-note';
import {
  encodeEntryTile,
  formatTilePath,
  parseEntryTile,
  parseHashTile,
  parseTilePath,
} from '@signpost/protocol/tlog/tile';
import { concat } from '../concat.ts';
import { hashTree, proveConsistency, proveInclusion } from '../tlog/naive-tree.ts';
import { pick, type Random } from './der-damage.ts';
import { type FuzzOptions, type FuzzOutcome, judgeInputs } from './judge-inputs.ts';

/** Reads `count` inputs that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError, or wrongly accepted. */
export async function fuzzTlog(options: FuzzOptions): Promise<FuzzOutcome> {
  const targets = createTargets(await createScene());
  return judgeInputs(options, { createInput: (random) => pick(targets, random)(random), judge: (input) => input() });
}

/** What is done with an input that is made already. */
type Reading = () => unknown;

/** A log of 300 entries, one witness, and their notes. */
interface Scene {
  readonly log: NoteKey;
  readonly witness: NoteKey;
  readonly keys: readonly string[];
  /** Texts of checkpoints that were signed by both. */
  readonly texts: readonly string[];
  readonly notes: readonly string[];
}

const entries = Array.from({ length: 300 }, (_, index) => encodeText(`entry ${index}`.repeat(1 + (index % 3))));
const leaves = entries.map(hashLeaf);
/** Sizes around the powers of two, where proofs change their shape. */
const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 127, 128, 255, 256, 257, 299, 300];
const roots = new Map(sizes.map((size) => [size, hashTree(entries.slice(0, size))]));
const inclusions = sizes.slice(1).flatMap((size) => {
  const indexes = [0, Math.floor(size / 2), size - 1];
  return indexes.map((index) => ({ index, head: headOf(size), hashes: proveInclusion(index, entries.slice(0, size)) }));
});
const consistencies = sizes.slice(1).flatMap((size, at) =>
  sizes.slice(0, at + 2).map((older) => ({
    ...{ older: headOf(older), newer: headOf(size) },
    hashes: older === 0 ? [] : proveConsistency(older, entries.slice(0, size)),
  })),
);

function headOf(size: number) {
  return { size, rootHash: roots.get(size) ?? hashTree([]) };
}

async function createScene(): Promise<Scene> {
  const log = await createKey(noteKeyTypes.ed25519, 1);
  const witness = await createKey(noteKeyTypes.cosignature, 2);
  const texts = [[], ['an extension']].flatMap((extensions) =>
    sizes.map((size) => encodeCheckpoint({ origin: log.key.name, extensions, ...headOf(size) })),
  );
  const notes = await Promise.all(texts.map((text) => signBoth(text, log, witness)));
  const keys = [log, witness].map(({ text }) => text);
  return { log: log.key, witness: witness.key, keys, texts, notes };
}

async function createKey(type: number, seed: number) {
  const signer = await createSigner(new Uint8Array(32).fill(seed));
  const text = encodeNoteKey(`log.example/${seed}`, type, parseBase64(signer.pubkeyB64));
  return { key: await parseNoteKey(text), signer, text };
}

type KeyWithSigner = { readonly key: NoteKey; readonly signer: Signer };

async function signBoth(text: string, log: KeyWithSigner, witness: KeyWithSigner): Promise<string> {
  const line = ({ key: { name, keyHint } }: KeyWithSigner, signature: Uint8Array<ArrayBuffer>) =>
    encodeSignatureLine({ name, keyHint, signature });
  const signed = line(log, await log.signer.sign(encodeText(text)));
  const cosigned = line(witness, await signCosignature(text, 1_700_000_000_000, witness.signer));
  return `${text}\n${signed}${cosigned}`;
}

function createTargets(scene: Scene): readonly ((random: Random) => Reading)[] {
  return [
    (random) => readNote(scene, damageText(pick(scene.notes, random), pick(scene.notes, random), random)),
    (random) => readCheckpoint(damageText(pick(scene.texts, random), pick(scene.texts, random), random)),
    (random) => readKey(damageText(pick(scene.keys, random), pick(scene.keys, random), random)),
    readTilePath,
    readEntryTile,
    readHashTile,
    readInclusion,
    readConsistency,
  ];
}

/** What is accepted of a note is a text that was signed, whatever became of the lines. */
function readNote({ log, witness, texts }: Scene, text: string): Reading {
  return async () => {
    const note = parseSignedNote(text);
    assertSame(`${note.text}\n${note.signatures.map(encodeSignatureLine).join('')}`, text);
    const verified = await verifyNote(note, [createNoteVerifier(log)]);
    const [cosigned] = await verifyCosignatures(note, { witnesses: [witness], quorum: 1 });
    assertTrue(texts.includes(verified.text) && cosigned?.time === 1_700_000_000_000, text);
    parseCheckpoint(verified.text);
  };
}

function readCheckpoint(text: string): Reading {
  return () => assertSame(encodeCheckpoint(parseCheckpoint(text)), text);
}

function readKey(text: string): Reading {
  return async () => {
    const { name, type, key } = await parseNoteKey(text);
    assertSame(encodeNoteKey(name, type, parseBase64(key.pubkeyB64)), text);
  };
}

function readTilePath(random: Random): Reading {
  const level = pick([0, 1, 7, 63, 'entries'] as const, random);
  const index = Math.floor(random() ** 8 * Number.MAX_SAFE_INTEGER);
  const path = formatTilePath({ level, index, width: 1 + Math.floor(random() * 256) });
  const text = damageText(path, 'tile/entries/x000/999.p/256', random);
  return () => {
    assertSame(formatTilePath(parseTilePath(text)), text);
    parseTreeSize(text.slice(5));
  };
}

function readEntryTile(random: Random): Reading {
  const width = Math.floor(random() * 257);
  const bytes = damageBytes(encodeEntryTile(entries.slice(0, width)), random);
  return () => assertSame(encodeHex(encodeEntryTile(parseEntryTile(bytes, width))), encodeHex(bytes));
}

function readHashTile(random: Random): Reading {
  const width = Math.floor(random() * 257);
  const bytes = damageBytes(concat(...leaves.slice(0, width)), random);
  return () => assertSame(encodeHex(concat(...parseHashTile(bytes, width))), encodeHex(bytes));
}

/** A proof that leads to the real root proves what is so: SHA-256 has no collisions among these. */
function readInclusion(random: Random): Reading {
  const { index, head, hashes } = pick(inclusions, random);
  const damaged: InclusionProof = {
    ...{ leafHash: damageHash(leaves[index] ?? hashTree([]), random), index: damageNumber(index, random) },
    ...{ hashes: damageHashes(hashes, random), head: { ...head, size: damageNumber(head.size, random) } },
  };
  return () => {
    verifyInclusion(damaged);
    const leaf = leaves[damaged.index] ?? new Uint8Array();
    const isTrue = encodeHex(leaf) === encodeHex(damaged.leafHash) || damaged.head.size !== head.size;
    assertTrue(isTrue, JSON.stringify([index, head.size, damaged.index, damaged.head.size]));
  };
}

function readConsistency(random: Random): Reading {
  const { older, newer, hashes } = pick(consistencies, random);
  const damaged = {
    older: { size: damageNumber(older.size, random), rootHash: damageHash(older.rootHash, random) },
    newer: { size: damageNumber(newer.size, random), rootHash: newer.rootHash },
    hashes: damageHashes(hashes, random),
  };
  return () => {
    verifyConsistency(damaged);
    // Under the sizes that are so, only the older root that is so.
    const isUntouched = damaged.older.size === older.size && damaged.newer.size === newer.size;
    const isTrue = encodeHex(damaged.older.rootHash) === encodeHex(older.rootHash);
    assertTrue(!isUntouched || isTrue, JSON.stringify([older.size, newer.size]));
  };
}

const pieces = ['', '\n', '\n\n', '\u2014 ', ' ', '+', '0', '-1', '=', 'A', '/', '\r', '\0', '\ud800', 'x000/', '.p/1'];

/** Characters dropped, doubled, exchanged, and lines of another text put in; one time in ten left as it was. */
function damageText(text: string, donor: string, random: Random): string {
  if (random() < 0.1) return text;
  const at = Math.floor(random() * (text.length + 1));
  const line = pick(donor.split('\n'), random);
  const inserted = pick([...pieces, `${line}\n`, line, text.slice(at, at + 8)], random);
  const dropped = random() < 0.8 ? Math.floor(random() * 3) : Math.floor(random() * text.length);
  return text.slice(0, at) + inserted + text.slice(at + dropped);
}

function damageBytes(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const damaged = Uint8Array.from(bytes);
  if (random() < 0.7) damaged[Math.floor(random() * damaged.length)] = pick([0, 1, 0x7f, 0x80, 0xff], random);
  if (random() < 0.2) return damaged.slice(0, Math.floor(random() * damaged.length));
  return random() < 0.1 ? concat(damaged, damaged.subarray(0, 3)) : damaged;
}

const numbers = [0, 1, 2, 255, 256, 257, 300, -1, 0.5, Number.NaN, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, Infinity];

function damageNumber(number: number, random: Random): number {
  if (random() < 0.6) return number;
  return random() < 0.5 ? number + pick([-1, 1, -2, 2], random) : pick(numbers, random);
}

function damageHash(hash: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  if (random() < 0.7) return Uint8Array.from(hash);
  return random() < 0.7 ? Uint8Array.from(pick(leaves, random)) : Uint8Array.from(hash.subarray(1));
}

function damageHashes(hashes: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const damaged = [...hashes];
  const at = Math.floor(random() * (damaged.length + 1));
  if (random() < 0.2) damaged.splice(at, 1);
  if (random() < 0.2) damaged.splice(at, 0, pick(leaves, random));
  if (random() < 0.1) damaged.reverse();
  return random() < 0.02 ? Array.from({ length: 70 }, () => pick(leaves, random)) : damaged;
}

function assertSame(written: string, read: string): void {
  assertTrue(written === read, `got ${written} for ${read}`);
}

function assertTrue(isTrue: boolean, words: string): void {
  if (!isTrue) throw new Error(`wrongly accepted: ${words}`);
}
