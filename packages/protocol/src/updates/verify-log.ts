/** Verifies that a manifest is in the transparency log, and that the log has one history (docs/protocol/log.md, "What a client does"). */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText, type SignableObject, type SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString } from '../json/fields.ts';
import { parseSignableText } from '../json/parse.ts';
import type { PublicKey } from '../keys/ed25519.ts';
import { type Checkpoint, parseCheckpoint, type TreeHead } from '../tlog/checkpoint.ts';
import { hashLeaf, maxProofHashes, verifyConsistency, verifyInclusion } from '../tlog/merkle.ts';
import { createNoteVerifier, deriveKeyHint, noteKeyTypes } from '../tlog/note-key.ts';
import { hashTree, proveConsistency, type TileSource } from '../tlog/prover.ts';
import { encodeSignatureLine, parseSignedNote, verifyNote } from '../tlog/signed-note.ts';
import { createManifestEntry, encodeLogEntry, type LoggableManifest } from './log-entry.ts';
import { slugPattern } from './names.ts';
import type { TrustedLog, TrustList } from './trust-list.ts';
import type { VerifiedManifest } from './verify-manifest.ts';

/** The largest checkpoint that is read, in UTF-16 units: room for a hundred cosignatures. */
export const maxCheckpointCharacters = 32_768;

/** A checkpoint that its log signed. Only `verifyCheckpoint` makes one. */
export interface VerifiedCheckpoint extends Checkpoint {
  readonly verified: 'checkpoint';
  /** The log's. */
  readonly key: PublicKey;
  /** The signed note with the signature of the log alone: those of others are anybody's to add. */
  readonly note: string;
}

/** That an entry is in the log, as a server says it beside a manifest; not verified. */
export interface LogProof {
  /** Of the entry, counted from 0. */
  readonly index: number;
  /** From the leaf to the root. */
  readonly hashes: readonly Uint8Array<ArrayBuffer>[];
  /** The signed note whose tree the hashes lead to. */
  readonly checkpoint: string;
  /** The slug under which the manifest was logged. */
  readonly organisation: string;
}

/** Where a manifest is in the log. Only `verifyLogged` makes one. */
export interface VerifiedLogPosition {
  readonly verified: 'log-position';
  readonly index: number;
  readonly organisation: string;
  readonly checkpoint: VerifiedCheckpoint;
}

/** Parses what stands beside a manifest. Throws `malformed` and `too_large`. */
export function parseLogProof(value: SignableValue): LogProof {
  const proof = parseObject(value, 'log');
  return {
    index: parseInteger(proof, 'index', 0),
    hashes: parseHashes(proof),
    checkpoint: parseString(proof, 'checkpoint', maxCheckpointCharacters),
    organisation: parsePattern(proof, 'organisation', slugPattern, 'the slug of an organisation'),
  };
}

function parseHashes(proof: SignableObject): readonly Uint8Array<ArrayBuffer>[] {
  const hashes = parseArray(proof, 'hashes');
  if (hashes.length > maxProofHashes) {
    throw new TrustError('too_large', `expected at most ${maxProofHashes} hashes, got ${hashes.length}`);
  }
  return hashes.map((hash) => parseBase64(typeof hash === 'string' ? hash : ''));
}

/**
 * The checkpoint in `note`. Throws `log_untrusted` for the checkpoint of another origin, `bad_signature` unless `log` signed it,
 * `malformed` and `too_large`.
 */
export async function verifyCheckpoint(note: string, { origin, key }: TrustedLog): Promise<VerifiedCheckpoint> {
  if (note.length > maxCheckpointCharacters) {
    throw new TrustError('too_large', `expected a checkpoint of at most ${maxCheckpointCharacters} characters`);
  }
  const keyHint = deriveKeyHint(origin, noteKeyTypes.ed25519, parseBase64(key.pubkeyB64));
  const verifier = createNoteVerifier({ name: origin, type: noteKeyTypes.ed25519, key, keyHint });
  const signed = parseSignedNote(note);
  const own = signed.signatures.filter(({ name }) => name === origin);
  if (own.length === 0) throw refuseOrigin(origin);
  const { text } = await verifyNote(signed, [verifier]);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== origin) throw refuseOrigin(origin);
  const lines = own
    .filter((line) => isSameBytes(line.keyHint, keyHint))
    .slice(0, 1)
    .map(encodeSignatureLine);
  return { ...checkpoint, verified: 'checkpoint', key, note: `${text}\n${lines.join('')}` };
}

function refuseOrigin(origin: string): TrustError {
  return new TrustError('log_untrusted', `expected a checkpoint of ${origin}, got one of another log`);
}

/**
 * The log that manifests are held against, if any: the one that `trust` names, or else `pinned`. Throws `key_revoked` when its key is
 * revoked, which beats validity as with every key, and `key_out_of_scope` for a pinned one that the list holds for something else.
 */
export function findTrustedLog(trust: TrustList, pinned?: TrustedLog): TrustedLog | undefined {
  const log = trust.log ?? pinned;
  const isOther = [...trust.validKeys, ...trust.pushKeys].some(({ key }) => key.keyId === log?.key.keyId);
  if (isOther)
    throw new TrustError('key_out_of_scope', 'expected a log with a key of its own, got one for something else');
  const revoked = log && trust.revokedKeys.find(({ keyId }) => keyId === log.key.keyId);
  if (revoked)
    throw new TrustError('key_revoked', `expected a log whose key is valid, got one revoked: ${revoked.reason}`);
  return log;
}

/**
 * Where `manifest` is in `log`, by the proof that came with it. The leaf is computed from the manifest, so that the proof of another one
 * leads nowhere. Throws `log_proof_missing` without a proof, `log_proof_invalid`, and the codes of `verifyCheckpoint`.
 */
export async function verifyLogged(manifest: VerifiedManifest, log: TrustedLog): Promise<VerifiedLogPosition> {
  if (manifest.log === undefined || manifest.log === null) {
    throw new TrustError('log_proof_missing', `expected a proof that the manifest is in log ${log.origin}, got none`);
  }
  return verifyLogProof(manifest, parseLogProof(manifest.log), log);
}

/** The same for a proof that came by another way. */
export async function verifyLogProof(
  manifest: LoggableManifest,
  { index, hashes, checkpoint: note, organisation }: LogProof,
  log: TrustedLog,
): Promise<VerifiedLogPosition> {
  const checkpoint = await verifyCheckpoint(note, log);
  const leafHash = hashLeaf(encodeLogEntry(createManifestEntry(manifest, organisation)));
  verifyInclusion({ leafHash, index, hashes, head: checkpoint });
  return { verified: 'log-position', index, organisation, checkpoint };
}

/** Two checkpoints of one log, and its tiles; these are not trusted. */
export interface LogHistory {
  readonly seen: VerifiedCheckpoint;
  readonly shown: VerifiedCheckpoint;
  readonly source: TileSource;
}

/**
 * Throws unless the larger of two trees begins with the smaller one: `log_inconsistent` with evidence (`verifyLogEvidence`) when it is shown
 * to begin otherwise, `log_proof_invalid` when the tiles are not those of the larger tree and so show nothing. Reads no tile for equal sizes.
 */
export async function verifyOneHistory({ seen, shown, source }: LogHistory): Promise<void> {
  const [older, newer] = sortBySize(seen, shown);
  const begin = older.size === newer.size ? undefined : await readBeginning(source, older.size, newer);
  if (isSameBytes(begin?.rootHash ?? newer.rootHash, older.rootHash)) return;
  throw new TrustError(
    'log_inconsistent',
    `expected one history of log ${seen.origin}, got two trees of ${older.size} entries: the server shows different histories`,
    { evidence: [seen.note, shown.note, ...(begin ? [encodeBeginning(begin)] : [])] },
  );
}

/**
 * Throws unless `evidence`, as an error of `log_inconsistent` carries it, proves by itself that `log` signed two histories: two notes and,
 * where their sizes differ, what the larger tree begins with. Whoever holds it needs neither tiles nor the word of whoever shows it.
 */
export async function verifyLogEvidence(evidence: readonly string[], log: TrustedLog): Promise<void> {
  const [first = '', second = '', text = ''] = evidence;
  const [older, newer] = sortBySize(await verifyCheckpoint(first, log), await verifyCheckpoint(second, log));
  const begin = older.size === newer.size ? undefined : parseBeginning(text, older.size);
  if (begin) verifyConsistency({ older: begin, newer, hashes: begin.hashes });
  if (!isSameBytes(begin?.rootHash ?? newer.rootHash, older.rootHash)) return;
  throw new TrustError('log_proof_invalid', 'expected two histories, got one');
}

/** What a tree begins with: the root of so many of its first entries, and the proof from there to its own root. */
export interface Beginning extends TreeHead {
  readonly hashes: readonly Uint8Array<ArrayBuffer>[];
}

/** What the tree of `head` begins with, as its tiles have it. Throws `log_proof_invalid` for tiles that do not lead to its root. */
export async function readBeginning(source: TileSource, size: number, head: TreeHead): Promise<Beginning> {
  const rootHash = await hashTree(source, size, head.size);
  const hashes = await proveConsistency(source, { from: size, to: head.size });
  verifyConsistency({ older: { size, rootHash }, newer: head, hashes });
  return { size, rootHash, hashes };
}

function encodeBeginning({ size, rootHash, hashes }: Beginning): string {
  const members = { size, root_hash: encodeBase64(rootHash), hashes: hashes.map((hash) => encodeBase64(hash)) };
  return `${encodeCanonicalText(members)}\n`;
}

function parseBeginning(text: string, size: number): Beginning {
  const members = parseObject(parseSignableText(text.slice(0, maxCheckpointCharacters)), 'the beginning of a tree');
  const hashes = parseHashes(members);
  return { size, rootHash: parseBase64(parseString(members, 'root_hash')), hashes };
}

function sortBySize<T extends TreeHead>(left: T, right: T): readonly [T, T] {
  return left.size <= right.size ? [left, right] : [right, left];
}
