/** ASCII armor of OpenPGP (RFC 9580, 6.2): one block of it, or the bytes themselves. */
import { parseBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';

/** The kinds of block that are read. */
type ArmorLabel = 'PUBLIC KEY BLOCK' | 'SIGNATURE';

/**
 * The bytes in a file: itself, or those of its only block. The checksum at its end proves nothing, and is not looked at (6.1). Throws
 * `malformed` for another label, text around the block and what is no base64, and `too_large` above `maxBytes`.
 */
export function parseArmored(
  file: Uint8Array<ArrayBuffer>,
  label: ArmorLabel,
  maxBytes: number,
): Uint8Array<ArrayBuffer> {
  if (file.length > maxBytes) {
    throw new TrustError('too_large', `expected at most ${maxBytes} bytes of OpenPGP, got ${file.length}`);
  }
  // Packets begin with the highest bit, armor never does.
  if ((file[0] ?? 0) >= 0x80) return file;
  const lines = new TextDecoder()
    .decode(file)
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  // git once called a signature a message; nothing else does.
  const labels = label === 'SIGNATURE' ? [label, 'MESSAGE'] : [label];
  const name = labels.find((one) => lines[0] === `-----BEGIN PGP ${one}-----`);
  if (name === undefined || lines.at(-1) !== `-----END PGP ${name}-----`) {
    throw new TrustError('malformed', `expected one armored block PGP ${label}`);
  }
  return parseBody(lines.slice(1, -1));
}

function parseBody(lines: readonly string[]): Uint8Array<ArrayBuffer> {
  const blank = lines.indexOf('');
  if (blank < 0 || !lines.slice(0, blank).every((line) => /^[A-Za-z0-9-]+: /.test(line))) {
    throw new TrustError('malformed', 'expected headers of armor, and an empty line behind them');
  }
  const body = lines.slice(blank + 1);
  if (/^=[A-Za-z0-9+/]{4}$/.test(body.at(-1) ?? '')) body.pop();
  return parseBase64(body.join(''));
}
