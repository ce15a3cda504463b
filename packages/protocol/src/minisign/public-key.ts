/** Public keys of minisign (jedisct1.github.io/minisign, "Public key format") and of OpenBSD's signify(1), which are the same. */
import { TrustError } from '../errors.ts';
import { isReduced, isSmallOrder } from '../keys/ed25519.ts';
import { encodeEd25519Key } from '../keys/subject-key.ts';
import { parseLines, parseNumbered } from './lines.ts';

/** A key. */
export interface MinisignPublicKey {
  /** Chosen at random when the key was made: it tells keys apart for people, and proves nothing. */
  readonly keyNumber: string;
  /** 32 bytes. */
  readonly raw: Uint8Array<ArrayBuffer>;
  readonly spki: Uint8Array<ArrayBuffer>;
}

const maxCharacters = 2048;

/** Parses the file. Throws `malformed`, `too_large`, and `algorithm_unsupported` for another algorithm than Ed25519. */
export function parseMinisignPublicKey(text: string): MinisignPublicKey {
  const [line, ...rest] = parseLines(text, maxCharacters);
  if (line === undefined || rest.length > 0) throw new TrustError('malformed', 'expected one line of base64');
  const { algorithm, keyNumber, bytes } = parseNumbered(line, 32);
  if (algorithm !== 'Ed') throw new TrustError('algorithm_unsupported', 'expected an Ed25519 key');
  if (!isReduced(bytes) || isSmallOrder(bytes)) throw new TrustError('malformed', 'expected an Ed25519 public key');
  return { keyNumber, raw: bytes, spki: encodeEd25519Key(bytes) };
}
