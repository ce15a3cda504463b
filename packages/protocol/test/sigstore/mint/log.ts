/** Logs of the tests: trees, proofs, promises and checkpoints, written apart from the code that verifies them. */
import { createHash } from 'node:crypto';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import { concat } from './certificate.ts';
import type { LogKey } from './instance.ts';

function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  );
}

/** The root over leaves (RFC 6962, 2.1). */
export function computeRoot(leaves: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = leaves;
  if (!only) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), only);
  const split = splitPoint(leaves.length);
  return sha256(Uint8Array.of(1), computeRoot(leaves.slice(0, split)), computeRoot(leaves.slice(split)));
}

/** The path of the leaf at `index` (RFC 6962, 2.1.1). */
export function computePath(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  if (leaves.length < 2) return [];
  const split = splitPoint(leaves.length);
  return index < split
    ? [...computePath(leaves.slice(0, split), index), computeRoot(leaves.slice(split))]
    : [...computePath(leaves.slice(split), index - split), computeRoot(leaves.slice(0, split))];
}

function splitPoint(size: number): number {
  return 2 ** (Math.ceil(Math.log2(size)) - 1);
}

/** The text of a checkpoint. */
export function describeCheckpoint(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/** A signature line under a note, by `name` unless told otherwise. */
export async function signNote(text: string, log: LogKey, name: string = log.name): Promise<string> {
  const signature = await log.signer.sign(encodeText(text));
  return `\u2014 ${name} ${encodeBase64(concat(log.logId.slice(0, 4), signature))}\n`;
}

/** A witness's line (C2SP tlog-cosignature): its time, and the signature over time and text. */
export async function cosignNote(text: string, witness: LogKey, timeMs: number): Promise<string> {
  const seconds = Math.floor(timeMs / 1000);
  const signature = await witness.signer.sign(encodeText(`cosignature/v1\ntime ${seconds}\n${text}`));
  const time = Uint8Array.from({ length: 8 }, (_, at) => Math.floor(seconds / 256 ** (7 - at)) % 256);
  return `\u2014 ${witness.name} ${encodeBase64(concat(witness.logId.slice(0, 4), time, signature))}\n`;
}

/** The signed entry timestamp of Rekor v1. */
export async function signPromise(
  {
    body,
    integratedTime,
    logIndex,
  }: { readonly body: Uint8Array; readonly integratedTime: number; readonly logIndex: number },
  { signer, logId }: LogKey,
): Promise<Uint8Array> {
  const promised = { body: encodeBase64(body), integratedTime, logID: encodeHex(logId), logIndex };
  return signer.sign(encodeText(JSON.stringify(promised)));
}
