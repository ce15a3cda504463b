/** Witnesses of the logs of a bundle (C2SP tlog-cosignature): that others saw the log's tree, and no second one beside it. */
import { TrustError } from '../errors.ts';
import { type VerifiedCosignature, verifyCosignatures } from '../tlog/cosignature.ts';
import type { NoteKey } from '../tlog/note-key.ts';
import { parseSignedNote } from '../tlog/signed-note.ts';
import type { VerifiedLogEntry } from './verify-log-entry.ts';

/** How many of which witnesses must have cosigned the checkpoint of each entry. */
export interface WitnessQuorum {
  readonly witnesses: readonly NoteKey[];
  /** Different keys; at least 1. */
  readonly quorum: number;
}

/**
 * The cosignatures on the checkpoints of `entries`. Throws `log_entry_missing` without entries, and `log_proof_invalid` for an entry
 * without a checkpoint, for too few witnesses, and for a cosignature that does not verify; a TypeError for keys that do not cosign.
 */
export async function verifyWitnesses(
  entries: readonly VerifiedLogEntry[],
  required: WitnessQuorum,
): Promise<readonly VerifiedCosignature[]> {
  if (!(required.quorum >= 1)) throw new TypeError(`expected a quorum of at least 1, got ${required.quorum}`);
  if (entries.length === 0) throw new TrustError('log_entry_missing', 'expected a log entry with witnesses, got none');
  const cosignatures: VerifiedCosignature[] = [];
  for (const entry of entries) cosignatures.push(...(await verifyCheckpoint(entry, required)));
  return cosignatures;
}

async function verifyCheckpoint(
  { entry, log }: VerifiedLogEntry,
  required: WitnessQuorum,
): Promise<readonly VerifiedCosignature[]> {
  const checkpoint = entry.proof?.checkpoint;
  if (checkpoint === undefined)
    throw new TrustError('log_proof_invalid', 'expected a checkpoint with witnesses, got none');
  try {
    return await verifyCosignatures(parseSignedNote(checkpoint), required);
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('log_proof_invalid', `expected witnesses of ${log.baseUrl}: ${cause.message}`, { cause });
  }
}
