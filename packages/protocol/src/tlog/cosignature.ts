/** Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1): that they saw a checkpoint, when, and no other log before it. */
import { isSameBytes } from '../bytes/compare.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { isSignature, type Signer } from '../keys/ed25519.ts';
import { type NoteKey, noteKeyTypes } from './note-key.ts';
import type { NoteSignature, SignedNote } from './signed-note.ts';

const timeBytes = 8;

declare const verified: unique symbol;

/** A cosignature that was verified. Only `verifyCosignatures` makes one. */
export interface VerifiedCosignature {
  readonly [verified]: true;
  readonly witness: NoteKey;
  /** When the witness saw it, Unix ms. */
  readonly time: number;
}

/**
 * The cosignatures by `witnesses` on a checkpoint, each witness once. Throws `bad_signature` for one that bears name and key of
 * a witness and does not verify, and when there are fewer than `quorum`; a TypeError for keys that do not cosign.
 */
export async function verifyCosignatures(
  note: SignedNote,
  { witnesses, quorum }: { readonly witnesses: readonly NoteKey[]; readonly quorum: number },
): Promise<readonly VerifiedCosignature[]> {
  if (witnesses.some(({ type }) => type !== noteKeyTypes.cosignature)) throw new TypeError('expected keys that cosign');
  const found = new Map<NoteKey, VerifiedCosignature>();
  for (const line of note.signatures) {
    const witness = witnesses.find(({ name, keyHint }) => name === line.name && isSameBytes(keyHint, line.keyHint));
    if (witness && !found.has(witness)) found.set(witness, await verifyCosignature(note.text, line, witness));
  }
  const keys = new Set([...found.keys()].map(({ key }) => key.keyId));
  if (!(keys.size >= quorum)) throw new TrustError('bad_signature', `expected ${quorum} witnesses, got ${keys.size}`);
  return [...found.values()];
}

async function verifyCosignature(
  text: string,
  { signature }: NoteSignature,
  witness: NoteKey,
): Promise<VerifiedCosignature> {
  if (signature.length !== timeBytes + 64) {
    throw new TrustError('malformed', `expected a cosignature of 72 octets, got ${signature.length}`);
  }
  const seconds = Number(new DataView(signature.buffer, signature.byteOffset, timeBytes).getBigUint64(0));
  // The last instant that a date can name.
  if (seconds > 8_640_000_000_000) throw new TrustError('malformed', 'expected the time of a cosignature');
  if (!(await isSignature(witness.key, signature.slice(timeBytes), encodeCosigned(text, seconds)))) {
    throw new TrustError('bad_signature', `expected a cosignature by ${witness.name}, got another`);
  }
  return { witness, time: seconds * 1000 } as unknown as VerifiedCosignature;
}

/** What a witness signs. */
function encodeCosigned(text: string, seconds: number): Uint8Array<ArrayBuffer> {
  return encodeText(`cosignature/v1\ntime ${seconds}\n${text}`);
}

/** The cosignature of a witness on the text of a checkpoint, at `time` (Unix ms), as it stands after the key's hint. */
export async function signCosignature(text: string, time: number, signer: Signer): Promise<Uint8Array<ArrayBuffer>> {
  const seconds = Math.floor(time / 1000);
  const signature = new Uint8Array(timeBytes + 64);
  new DataView(signature.buffer).setBigUint64(0, BigInt(seconds));
  signature.set(await signer.sign(encodeCosigned(text, seconds)), timeBytes);
  return signature;
}
