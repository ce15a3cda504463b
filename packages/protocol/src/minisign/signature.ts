/** Detached signatures of minisign (jedisct1.github.io/minisign, "Signature format") and of OpenBSD's signify(1), which has no trusted comment. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { type CoveredFile, noBytes } from '../keys/covered-file.ts';
import { isSignature, parsePublicKey } from '../keys/ed25519.ts';
import { coverEd25519, verifyEd25519Digest } from '../keys/ed25519-digest.ts';
import { parseLines, parseNumbered } from './lines.ts';
import type { MinisignPublicKey } from './public-key.ts';

/** A signature. Nothing of it is verified. */
export interface MinisignSignature {
  /** Of the file itself, or of its BLAKE2b-512. */
  readonly kind: 'whole' | 'prehashed';
  readonly keyNumber: string;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** Of minisign: a comment that is signed together with the signature. */
  readonly comment: { readonly text: string; readonly signature: Uint8Array<ArrayBuffer> } | undefined;
}

const maxCharacters = 16_384;
const trusted = 'trusted comment: ';

/** Parses the file. Throws `malformed`, `too_large`, and `algorithm_unsupported` for another algorithm. */
export function parseMinisignSignature(text: string): MinisignSignature {
  const [line = '', ...rest] = parseLines(text, maxCharacters);
  const { algorithm, keyNumber, bytes: signature } = parseNumbered(line, 64);
  if (algorithm !== 'Ed' && algorithm !== 'ED') {
    throw new TrustError('algorithm_unsupported', 'expected an Ed25519 signature');
  }
  const comment = rest.length === 0 ? undefined : parseComment(rest);
  // signify has neither.
  if (algorithm === 'ED' && !comment) throw new TrustError('malformed', 'expected a trusted comment');
  return { kind: algorithm === 'ED' ? 'prehashed' : 'whole', keyNumber, signature, comment };
}

function parseComment([comment = '', line = '', ...rest]: readonly string[]) {
  if (!comment.startsWith(trusted) || rest.length > 0) {
    throw new TrustError('malformed', `expected a line '${trusted}…' and a line of base64`);
  }
  const signature = parseBase64(line);
  if (signature.length !== 64) {
    throw new TrustError('malformed', `expected a 64-byte signature, got ${signature.length} bytes`);
  }
  return { text: comment.slice(trusted.length), signature };
}

/** What must be hashed of the file to verify it by this key. */
export function coverMinisign({ kind, signature }: MinisignSignature, { raw }: MinisignPublicKey): CoveredFile {
  if (kind === 'prehashed') return { hash: 'BLAKE2b-512', before: noBytes, after: noBytes };
  return coverEd25519({ key: raw, signature });
}

/**
 * Throws `bad_signature` unless the key signed the file with this digest, which is as `coverMinisign` says, and the trusted comment; and
 * `key_unknown` when the signature says that it is by another key.
 */
export async function verifyMinisignSignature(
  { kind, keyNumber, signature, comment }: MinisignSignature,
  key: MinisignPublicKey,
  digest: Uint8Array<ArrayBuffer>,
): Promise<void> {
  if (keyNumber !== key.keyNumber) {
    throw new TrustError('key_unknown', `expected a signature by key ${key.keyNumber}, got one by ${keyNumber}`);
  }
  const publicKey = await parsePublicKey(encodeBase64(key.raw));
  if (kind === 'whole') verifyEd25519Digest({ key: key.raw, signature }, digest);
  else if (!(await isSignature(publicKey, signature, digest))) {
    throw new TrustError('bad_signature', 'expected a signature of the file by the key, got another');
  }
  if (!comment) return;
  const covered = new Uint8Array([...signature, ...encodeText(comment.text)]);
  if (!(await isSignature(publicKey, comment.signature, covered))) {
    throw new TrustError('bad_signature', 'expected a signature of the trusted comment by the key, got another');
  }
}
