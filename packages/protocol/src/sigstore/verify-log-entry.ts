/** Log entries of a bundle: promised, and proven to be in the tree of a log of a trusted root. */

import { isSameBytes } from '../bytes/compare.ts';
import { encodeHex } from '../bytes/hex.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { hashLeaf, verifyInclusion } from '../tlog/merkle.ts';
import { parseSignedNote, verifyNote } from '../tlog/signed-note.ts';
import { type BundleInclusionProof, type BundleLogEntry, isTileLogKind } from './bundle-log-entry.ts';
import { createCheckpointVerifiers, findLog, type LogInstance } from './log-instance.ts';

/** An entry whose place in a log was verified. Whether it is about the bundle is another question: see `assertEntryBody`. */
export interface VerifiedLogEntry {
  readonly entry: BundleLogEntry;
  readonly log: LogInstance;
  /** `proof`: in a tree that the log has signed; `promise`: the log signed that it would put it there. */
  readonly evidence: 'proof' | 'promise';
  /** When the log took it, Unix ms; `undefined` when the log does not sign that. */
  readonly time: number | undefined;
}

/**
 * When the log took an entry, by its promise; `undefined` without one. Throws `log_untrusted`, and `log_proof_invalid` for a
 * promise that does not verify.
 */
export async function verifyPromise(entry: BundleLogEntry, logs: readonly LogInstance[]): Promise<number | undefined> {
  const { promise, integratedTime } = entry;
  if (!promise || integratedTime === undefined) return undefined;
  const { key, algorithm, baseUrl } = findLog(logs, entry.logId, [integratedTime]);
  try {
    await key.verify({ algorithm, message: encodePromised(entry, integratedTime), signature: promise });
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('log_proof_invalid', `expected a promise by ${baseUrl}: ${cause.message}`, { cause });
  }
  return integratedTime;
}

/** What a promise is over: canonical JSON (RFC 8785) of these four. */
function encodePromised(
  { encodedBody, logId, logIndex }: BundleLogEntry,
  integratedTime: number,
): Uint8Array<ArrayBuffer> {
  const seconds = integratedTime / 1000;
  return encodeText(
    `{"body":"${encodedBody}","integratedTime":${seconds},"logID":"${encodeHex(logId)}","logIndex":${logIndex}}`,
  );
}

/**
 * The entry in its log. `times` (Unix ms) are those at which the log's key must count: the promised one, or else the
 * timestamps'. Throws `log_untrusted`, or `log_proof_invalid`.
 */
export async function verifyLogEntry(
  entry: BundleLogEntry,
  logs: readonly LogInstance[],
  { promisedTime, signedTimes }: { readonly promisedTime: number | undefined; readonly signedTimes: readonly number[] },
): Promise<VerifiedLogEntry> {
  const log = findLog(logs, entry.logId, promisedTime === undefined ? signedTimes : [promisedTime]);
  const { proof } = entry;
  if (proof) await verifyProof(entry, proof, log);
  else if (promisedTime === undefined) throw refuse('a proof or a promise of inclusion, got neither');
  return { entry, log, evidence: proof?.checkpoint ? 'proof' : 'promise', time: promisedTime };
}

async function verifyProof(entry: BundleLogEntry, proof: BundleInclusionProof, log: LogInstance): Promise<void> {
  const { index, treeSize, rootHash, hashes, checkpoint } = proof;
  // Tile logs have one tree; the trees of older logs follow one another.
  if (isTileLogKind(entry.kind) ? index !== entry.logIndex : index > entry.logIndex) {
    throw refuse(`the index ${entry.logIndex} in the proof, got ${index}`);
  }
  verifyInclusion({ leafHash: hashLeaf(entry.body), index, hashes, head: { size: treeSize, rootHash } });
  if (checkpoint !== undefined) await verifyCheckpoint(checkpoint, proof, log);
}

/** The checkpoint is the log's, and about the tree of the proof. */
async function verifyCheckpoint(
  checkpoint: string,
  { treeSize, rootHash }: BundleInclusionProof,
  log: LogInstance,
): Promise<void> {
  const head = await readSignedHead(checkpoint, log);
  assertOrigin(head.origin, log);
  if (head.size !== treeSize) throw refuse(`a checkpoint of ${treeSize} entries, got ${head.size}`);
  if (!isSameBytes(head.rootHash, rootHash)) throw refuse("a checkpoint of the proof's root, got another");
}

async function readSignedHead(checkpoint: string, log: LogInstance) {
  try {
    const note = await verifyNote(parseSignedNote(checkpoint), createCheckpointVerifiers(log));
    return parseCheckpoint(note.text);
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('log_proof_invalid', `expected a checkpoint by ${log.baseUrl}: ${cause.message}`, { cause });
  }
}

/** The log's name, and in Rekor v1 the number of the tree behind it: nothing that merely contains it. */
function assertOrigin(origin: string, { names }: LogInstance): void {
  const [name = '', tree, ...rest] = origin.split(' - ');
  if (names.includes(name) && rest.length === 0 && (tree === undefined || /^[0-9]{1,20}$/.test(tree))) return;
  throw refuse(`the origin ${names.join(' or ')}, got ${origin.slice(0, 100)}`);
}

function refuse(expected: string): TrustError {
  return new TrustError('log_proof_invalid', `expected ${expected}`);
}
