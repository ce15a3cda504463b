/** Keys that sign notes: verifier keys as text (C2SP signed-note, v1.0.0) and Ed25519 signers. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { encodeHex, parseHex } from '../bytes/hex.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { isSignature, type PublicKey, parsePublicKey } from '../keys/ed25519.ts';
import { isKeyName, keyHintBytes, type NoteVerifier } from './signed-note.ts';

/** The octet before the key that says what signs, and how. */
export const noteKeyTypes = {
  /** Ed25519 over the text. */
  ed25519: 0x01,
  /** Ed25519 over the text with a time before it (C2SP tlog-cosignature). */
  cosignature: 0x04,
} as const;

/** A verifier key, parsed. */
export interface NoteKey {
  readonly name: string;
  readonly keyHint: Uint8Array<ArrayBuffer>;
  readonly type: number;
  readonly key: PublicKey;
}

/** The hint of a key: the first octets of the hash of its name, a line feed, its type and the key. */
export function deriveKeyHint(name: string, type: number, key: Uint8Array): Uint8Array<ArrayBuffer> {
  return deriveLogId(name, type, key).slice(0, keyHintBytes);
}

/** The whole hash, by which Sigstore's trusted roots know a log. */
export function deriveLogId(name: string, type: number, key: Uint8Array): Uint8Array<ArrayBuffer> {
  return hashSha256(encodeText(`${name}\n`), Uint8Array.of(type), key);
}

/** Parses `name+hint+base64`. Throws `malformed`; `algorithm_unsupported` for types other than Ed25519 and cosignatures. */
export async function parseNoteKey(text: string): Promise<NoteKey> {
  const [, name = '', hint = '', encoded = ''] =
    /^([^+]{1,1024})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,4096})$/.exec(text) ?? [];
  if (!isKeyName(name)) throw new TrustError('malformed', 'expected a verifier key of name, hint and base64');
  const bytes = parseBase64(encoded);
  const [type = 0] = bytes;
  const raw = bytes.slice(1);
  if (type !== noteKeyTypes.ed25519 && type !== noteKeyTypes.cosignature) {
    throw new TrustError('algorithm_unsupported', `expected a verifier key of type 1 or 4, got ${type}`);
  }
  const keyHint = deriveKeyHint(name, type, raw);
  if (!isSameBytes(keyHint, parseHex(hint)))
    throw new TrustError('malformed', `expected the hint ${encodeHex(keyHint)}`);
  return { name, keyHint, type, key: await parsePublicKey(encodeBase64(raw)) };
}

/** The text of a verifier key that is a raw Ed25519 key. Throws a TypeError for a name that cannot stand there. */
export function encodeNoteKey(name: string, type: number, raw: Uint8Array): string {
  if (!isKeyName(name)) throw new TypeError('expected a name without white space and plus');
  const hint = encodeHex(deriveKeyHint(name, type, raw));
  return `${name}+${hint}+${encodeBase64(Uint8Array.of(type, ...raw))}`;
}

/** Who signs notes with an Ed25519 key. Throws a TypeError for a key of another type. */
export function createNoteVerifier({ name, keyHint, type, key }: NoteKey): NoteVerifier {
  if (type !== noteKeyTypes.ed25519) throw new TypeError(`expected a key that signs notes, got type ${type}`);
  return {
    name,
    keyHint,
    verify: async (text, signature) => {
      if (await isSignature(key, signature, text)) return;
      throw new TrustError('bad_signature', `expected a signature by ${name}, got another`);
    },
  };
}
