/** TransparencyLogEntry (sigstore/protobuf-specs, sigstore_rekor.proto): what a bundle holds of a log, not verified. */
import { parseBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, isPresent, parseArray, parseObject, parseString } from '../json/fields.ts';
import { maxNoteCharacters } from '../tlog/signed-note.ts';

/** One entry as it says it is. */
export interface BundleLogEntry {
  /** Across all trees of the log, counted from 0. */
  readonly logIndex: number;
  readonly logId: Uint8Array<ArrayBuffer>;
  readonly kind: EntryKind;
  /** Unix ms; `undefined`: the log says none. Means nothing without the promise, which signs it. */
  readonly integratedTime: number | undefined;
  /** The signed entry timestamp: the log's promise to include the entry. */
  readonly promise: Uint8Array<ArrayBuffer> | undefined;
  readonly proof: BundleInclusionProof | undefined;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same in base64, as the promise has it. */
  readonly encodedBody: string;
}

/** What an entry is, and what the log gives for it. */
export type EntryKind = 'hashedrekord/0.0.1' | 'dsse/0.0.1' | 'intoto/0.0.2' | 'hashedrekord/0.0.2';

/** That the entry is in a tree. */
export interface BundleInclusionProof {
  readonly index: number;
  readonly treeSize: number;
  readonly rootHash: Uint8Array<ArrayBuffer>;
  readonly hashes: readonly Uint8Array<ArrayBuffer>[];
  /** A signed note; only version 0.1 may be without, and proves nothing then. */
  readonly checkpoint: string | undefined;
}

const kinds: readonly EntryKind[] = ['hashedrekord/0.0.1', 'dsse/0.0.1', 'intoto/0.0.2', 'hashedrekord/0.0.2'];
const maxBodyCharacters = 1024 * 1024;
const maxProofHashes = 64;

/** Whether entries of this kind (`kind/version`) are read. */
export function isEntryKind(name: string): name is EntryKind {
  return kinds.some((kind) => kind === name);
}

/** Whether an entry is of Rekor v2, which promises nothing and tells no time. */
export function isTileLogKind(kind: EntryKind): boolean {
  return kind === 'hashedrekord/0.0.2';
}

const members = [
  'logIndex',
  'logId',
  'kindVersion',
  'integratedTime',
  'inclusionPromise',
  'inclusionProof',
  'canonicalizedBody',
];

/** An entry of a bundle of this version. Throws `log_proof_invalid` when the proof is missing that the version demands, otherwise `malformed`. */
export function parseBundleLogEntry(value: SignableValue, version: string): BundleLogEntry {
  const object = parseObject(value, 'a log entry');
  assertMembers(object, members, 'a log entry');
  const encodedBody = parseString(object, 'canonicalizedBody', maxBodyCharacters);
  const entry = {
    logIndex: parseCount(object, 'logIndex'),
    logId: parseKeyId(object),
    kind: parseKind(object),
    integratedTime: parseIntegratedTime(object),
    promise: parsePromise(object),
    proof: isPresent(object, 'inclusionProof') ? parseProof(object) : undefined,
    body: parseBase64(encodedBody),
    encodedBody,
  };
  assertEvidence(entry, version);
  return entry;
}

/** What each version and each kind of log must bring, and may not. */
function assertEvidence({ kind, promise, proof, integratedTime }: BundleLogEntry, version: string): void {
  if (isTileLogKind(kind) && (promise || integratedTime !== undefined)) {
    throw new TrustError('malformed', `expected no promise and no time of an entry ${kind}`);
  }
  if (version === '0.1' && !promise) throw new TrustError('log_proof_invalid', 'expected a promise in version 0.1');
  if (version !== '0.1' && !proof?.checkpoint) {
    throw new TrustError('log_proof_invalid', `expected an inclusion proof with a checkpoint in version ${version}`);
  }
  if (promise && integratedTime === undefined) throw new TrustError('malformed', 'expected a time that is promised');
}

function parseKeyId(object: SignableObject): Uint8Array<ArrayBuffer> {
  const logId = parseObject(object.logId, 'logId');
  assertMembers(logId, ['keyId'], 'logId');
  const keyId = parseBase64(parseString(logId, 'keyId', 128));
  if (keyId.length === 0) throw new TrustError('malformed', 'expected the id of a log');
  return keyId;
}

function parseKind(object: SignableObject): EntryKind {
  const kindVersion = parseObject(object.kindVersion, 'kindVersion');
  assertMembers(kindVersion, ['kind', 'version'], 'kindVersion');
  const name = `${parseString(kindVersion, 'kind')}/${parseString(kindVersion, 'version')}`;
  const kind = kinds.find((one) => one === name);
  if (!kind) throw new TrustError('malformed', `expected ${kinds.join(', ')}, got ${name.slice(0, 100)}`);
  return kind;
}

/** Seconds; zero is how protocol buffers write that there is none. */
function parseIntegratedTime(object: SignableObject): number | undefined {
  if (!isPresent(object, 'integratedTime')) return undefined;
  const seconds = parseCount(object, 'integratedTime');
  // The last second of the year 9999.
  if (seconds > 253_402_300_799) throw new TrustError('malformed', 'expected integratedTime in seconds');
  return seconds === 0 ? undefined : seconds * 1000;
}

function parsePromise(object: SignableObject): Uint8Array<ArrayBuffer> | undefined {
  if (!isPresent(object, 'inclusionPromise')) return undefined;
  const promise = parseObject(object.inclusionPromise, 'inclusionPromise');
  assertMembers(promise, ['signedEntryTimestamp'], 'inclusionPromise');
  return parseBase64(parseString(promise, 'signedEntryTimestamp', 8192));
}

function parseProof(object: SignableObject): BundleInclusionProof {
  const proof = parseObject(object.inclusionProof, 'inclusionProof');
  assertMembers(proof, ['logIndex', 'rootHash', 'treeSize', 'hashes', 'checkpoint'], 'inclusionProof');
  const hashes = isPresent(proof, 'hashes') ? parseArray(proof, 'hashes') : [];
  if (hashes.length > maxProofHashes) {
    throw new TrustError('too_large', `expected at most ${maxProofHashes} hashes, got ${hashes.length}`);
  }
  return {
    index: parseCount(proof, 'logIndex'),
    treeSize: parseCount(proof, 'treeSize'),
    rootHash: parseHash(proof.rootHash),
    hashes: hashes.map(parseHash),
    checkpoint: isPresent(proof, 'checkpoint') ? parseCheckpointText(proof) : undefined,
  };
}

function parseCheckpointText(proof: SignableObject): string {
  const checkpoint = parseObject(proof.checkpoint, 'checkpoint');
  assertMembers(checkpoint, ['envelope'], 'checkpoint');
  return parseString(checkpoint, 'envelope', maxNoteCharacters);
}

function parseHash(value: SignableValue | undefined): Uint8Array<ArrayBuffer> {
  if (typeof value !== 'string' || value.length !== 44) throw new TrustError('malformed', 'expected a hash in base64');
  return parseBase64(value);
}

/** A number that JSON writes as text, since it may be 64 bits wide, or as a number; absent is zero. Below 2^53. */
function parseCount(object: SignableObject, name: string): number {
  const value = object[name] ?? 0;
  const isText = typeof value === 'string' && /^(?:0|[1-9][0-9]{0,15})$/.test(value);
  const count = isText || typeof value === 'number' ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new TrustError('malformed', `expected ${name} to be a whole number from 0 to 2^53−1`);
  }
  return count;
}
