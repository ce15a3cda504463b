/** Bech32 (BIP 173), in which age writes its keys: a prefix, data, and a checksum that finds mistyped characters. */

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const checksumLength = 6;

/** `bytes` under `prefix`, in lower case. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup(bytes, { from: 8, to: 5, pad: true }) ?? [];
  const sum = checksum([...expand(prefix), ...words, ...Array(checksumLength).fill(0)]) ^ 1;
  const tail = Array.from({ length: checksumLength }, (_, index) => (sum >>> (5 * (5 - index))) & 31);
  return `${prefix}1${[...words, ...tail].map((word) => alphabet.charAt(word)).join('')}`;
}

/** The bytes under `prefix`; undefined when `text` is not Bech32 of that prefix in one case of letters. */
export function decodeBech32(prefix: string, text: string): Uint8Array | undefined {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return undefined;
  if (!lower.startsWith(`${prefix}1`)) return undefined;
  const words = [...lower.slice(prefix.length + 1)].map((letter) => alphabet.indexOf(letter));
  if (words.length < checksumLength || words.includes(-1)) return undefined;
  if (checksum([...expand(prefix), ...words]) !== 1) return undefined;
  const bytes = regroup(words.slice(0, -checksumLength), { from: 5, to: 8, pad: false });
  return bytes && Uint8Array.from(bytes);
}

function expand(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function checksum(words: readonly number[]): number {
  let sum = 1;
  for (const word of words) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ word;
    for (const [bit, value] of generator.entries()) if ((top >>> bit) & 1) sum ^= value;
  }
  return sum >>> 0;
}

/** Undefined when bits are left over that are not padding. */
function regroup(
  words: Iterable<number>,
  { from, to, pad }: { from: number; to: number; pad: boolean },
): number[] | undefined {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const word of words) {
    held = (held << from) | word;
    for (bits += from; bits >= to; ) {
      bits -= to;
      out.push((held >>> bits) & ((1 << to) - 1));
    }
    held &= (1 << bits) - 1;
  }
  if (pad && bits > 0) out.push((held << (to - bits)) & ((1 << to) - 1));
  return pad || (bits < from && held === 0) ? out : undefined;
}
