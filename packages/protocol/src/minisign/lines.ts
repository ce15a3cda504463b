/** The lines of minisign's and signify's files: a comment that nobody signed, and base64 of an algorithm, a key number and what belongs to it. */
import { parseBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';

const untrusted = 'untrusted comment: ';

/** The lines behind the untrusted comment, without the last line feed. Throws `malformed` and `too_large`. */
export function parseLines(text: string, maxCharacters: number): readonly string[] {
  if (text.length > maxCharacters) {
    throw new TrustError('too_large', `expected at most ${maxCharacters} characters, got ${text.length}`);
  }
  const [comment, ...lines] = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (!comment?.startsWith(untrusted)) throw new TrustError('malformed', `expected a line '${untrusted}…'`);
  return lines;
}

/** A line of base64, taken apart. */
export interface NumberedBytes {
  /** Two letters. */
  readonly algorithm: string;
  /** As minisign shows it, always with the zeros in front: 16 upper-case hex digits. */
  readonly keyNumber: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Parses it. Throws `malformed` unless `size` bytes stand behind the key number. */
export function parseNumbered(line: string, size: number): NumberedBytes {
  const all = parseBase64(line);
  if (all.length !== 10 + size) throw new TrustError('malformed', `expected ${10 + size} bytes, got ${all.length}`);
  const number = [...all.subarray(2, 10)].reverse().map((byte) => byte.toString(16).padStart(2, '0'));
  return {
    algorithm: String.fromCharCode(...all.subarray(0, 2)),
    keyNumber: number.join('').toUpperCase(),
    bytes: all.slice(10),
  };
}
