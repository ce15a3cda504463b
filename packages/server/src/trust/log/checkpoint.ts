/** Signed checkpoints (C2SP tlog-checkpoint, v1.0.0): the server signs a tree only after it proved to itself that it continues the one before. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import { type Checkpoint, encodeCheckpoint, parseCheckpoint, type TreeHead } from '@signpost/protocol/tlog/checkpoint';
import { verifyConsistency } from '@signpost/protocol/tlog/merkle';
import { createNoteVerifier, encodeNoteKey, noteKeyTypes, parseNoteKey } from '@signpost/protocol/tlog/note-key';
import { hashTree, proveConsistency } from '@signpost/protocol/tlog/prover';
import { encodeSignatureLine, parseSignedNote, verifyNote } from '@signpost/protocol/tlog/signed-note';
import type { Transaction } from 'kysely';
import type { Schema } from '../../storage/schema.ts';
import type { Vault } from '../../vault/vault.ts';
import { type LogRow, putCheckpoint } from './store.ts';
import { logDamaged, openTiles } from './tiles.ts';

const purpose = 'log-key';

/** Where the key of a log is sealed. */
export function logKeyPlace(id: number): readonly [purpose: string, reference: string] {
  return [purpose, `transparency_log/${id}`];
}

/** What the key of a log is known by (C2SP signed-note): `name+hint+base64`. */
export function encodeLogKey({ origin, pubkey_b64 }: Pick<LogRow, 'origin' | 'pubkey_b64'>): string {
  return encodeNoteKey(origin, noteKeyTypes.ed25519, parseBase64(pubkey_b64));
}

/**
 * Signs the tree of all leaves and puts it in force. Throws `unavailable`, rule `log-damaged`, when rows do not continue the tree that was
 * signed before; nothing is signed then. Throws `vault_locked`. Returns the note.
 */
export async function signCheckpoint(
  tx: Transaction<Schema>,
  vault: Pick<Vault, 'unseal'>,
  { log, at }: { readonly log: LogRow; readonly at: number },
): Promise<string> {
  const signer = await openLogSigner(vault, log);
  const head = await hashContinued(tx, log);
  const text = encodeCheckpoint({ origin: log.origin, ...head, extensions: [] });
  const { name, keyHint } = await parseNoteKey(encodeLogKey(log));
  const signature = await signer.sign(encodeText(text));
  const note = `${text}\n${encodeSignatureLine({ name, keyHint, signature })}`;
  await verifyCheckpoint(note, log);
  await putCheckpoint(tx, log.id, { size: log.size, note, at });
  return note;
}

/** Throws what the vault does. */
export async function openLogSigner(vault: Pick<Vault, 'unseal'>, { id, sealed_seed }: LogRow): Promise<Signer> {
  const seed = new Uint8Array(vault.unseal(...logKeyPlace(id), sealed_seed));
  const signer = await createSigner(seed);
  seed.fill(0);
  return signer;
}

/** The tree of all leaves, once it is proven to begin with the one under the checkpoint in force. */
async function hashContinued(tx: Transaction<Schema>, log: LogRow): Promise<TreeHead> {
  const source = openTiles(tx, log);
  const newer = { size: log.size, rootHash: await hashTree(source, log.size) };
  // The empty tree is signed when a log begins, before anything is in it.
  if (log.checkpoint === null && log.size === 0) return newer;
  if (log.checkpoint === null) throw logDamaged('the checkpoint is gone');
  const older = await verifyCheckpoint(log.checkpoint, log);
  if (older.size !== log.checkpoint_size)
    throw logDamaged(`the checkpoint is of ${older.size} leaves, not ${log.checkpoint_size}`);
  try {
    verifyConsistency({ older, newer, hashes: await proveConsistency(source, { from: older.size, to: newer.size }) });
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw logDamaged(`the leaves do not continue the checkpoint of ${older.size}`, cause);
  }
  return newer;
}

/** The checkpoint that a note holds. Throws `unavailable`, rule `log-damaged`, unless origin and key of `log` vouch for it. */
export async function verifyCheckpoint(note: string, log: LogRow): Promise<Checkpoint> {
  try {
    const verifier = createNoteVerifier(await parseNoteKey(encodeLogKey(log)));
    const checkpoint = parseCheckpoint((await verifyNote(parseSignedNote(note), [verifier])).text);
    if (checkpoint.origin !== log.origin) throw new TrustError('malformed', `expected the origin ${log.origin}`);
    return checkpoint;
  } catch (cause) {
    // A TypeError is of a name that is none.
    if (!(cause instanceof TrustError || cause instanceof TypeError)) throw cause;
    throw logDamaged('a checkpoint does not verify under the key of the log', cause);
  }
}
