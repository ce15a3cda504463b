/** Verifies in the browser that an entry is in the transparency log, and that the log goes on from what was seen (docs/protocol/log.md). */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { checkSameLog } from '@signpost/protocol/client/check-log';
import type { Transport } from '@signpost/protocol/client/transport';
import { TrustError } from '@signpost/protocol/errors';
import { hashLeaf, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import { type LogEntry, parseKnownEntry } from '@signpost/protocol/updates/log-entry';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { type VerifiedCheckpoint, verifyCheckpoint } from '@signpost/protocol/updates/verify-log';
import type { Answer } from '../../api/client.ts';

/** The checkpoint that this browser saw last, as text; nothing in it is secret. */
export interface CheckpointStore {
  read(): string | undefined;
  write(note: string): void;
}

/** What an entry is judged by. */
export interface EntryContext {
  /** Of the entry that was asked for. */
  readonly index: number;
  readonly log: TrustedLog;
  readonly transport: Transport;
  readonly store: CheckpointStore;
}

/** One step: what was found, or why nothing was. Each is a text of the area. */
export type EntryStep =
  | { readonly kind: 'signed' | 'included' | 'continued'; readonly values: Readonly<Record<string, string | number>> }
  | { readonly kind: 'first' }
  | { readonly kind: 'refused'; readonly error: TrustError };

/** An entry and what the browser found out about it. */
export interface CheckedEntry {
  /** Undefined: of a type that this version does not know. */
  readonly entry: LogEntry | undefined;
  readonly leafHash: Uint8Array<ArrayBuffer>;
  /** In order; what comes after a refusal was not tried. */
  readonly steps: readonly EntryStep[];
}

/** Checks signature, place and history, in this order. The newest checkpoint is stored once all of it holds. */
export async function checkEntry(
  proof: Answer<'GET /api/log/entries/{index}/proof'>,
  context: EntryContext,
): Promise<CheckedEntry> {
  const bytes = encodeText(proof.entry);
  const leafHash = hashLeaf(bytes);
  const steps: EntryStep[] = [];
  try {
    const head = await verifyCheckpoint(proof.checkpoint, context.log);
    steps.push({ kind: 'signed', values: { origin: head.origin, size: head.size } });
    const { index } = context;
    if (proof.index !== index) {
      throw new TrustError('log_proof_invalid', `expected the proof of entry ${index}, got that of ${proof.index}`);
    }
    verifyInclusion({ leafHash, index, hashes: proof.hashes.map(parseBase64), head });
    steps.push({ kind: 'included', values: { index, count: proof.hashes.length } });
    steps.push(await checkHistory(head, context));
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    steps.push({ kind: 'refused', error });
  }
  return { entry: parseKnownEntry(bytes), leafHash, steps };
}

/** What was seen of another log, or cannot be read any more, says nothing of this one. */
async function checkHistory(head: VerifiedCheckpoint, { log, transport, store }: EntryContext): Promise<EntryStep> {
  const note = store.read();
  const seen = note === undefined ? undefined : await verifyCheckpoint(note, log).catch(passOver);
  if (seen) await checkSameLog(transport, seen, head);
  if (!seen || seen.size < head.size) store.write(head.note);
  return seen ? { kind: 'continued', values: { count: seen.size } } : { kind: 'first' };
}

function passOver(error: unknown): undefined {
  if (error instanceof TrustError) return undefined;
  throw error;
}
