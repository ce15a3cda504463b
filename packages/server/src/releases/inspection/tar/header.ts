/** A header block of a tar archive (POSIX.1-2024 pax, "ustar Interchange Format"; GNU tar's variant of it). */
import { decodeName } from '../entry-path.ts';
import { quoteName, refuse } from '../rules.ts';

/** Everything in a tar archive is padded to blocks. */
export const blockBytes = 512;

/** What a header announces. */
type TarHeaderKind = 'file' | 'directory' | 'pax' | 'pax-global' | 'gnu-long-name';

/** A header that is intact; its path is not judged yet. */
export interface TarHeader {
  readonly kind: TarHeaderKind;
  readonly path: string;
  /** The bytes that follow, without padding. */
  readonly size: number;
}

/** Whether all bytes are zero, as in the blocks that end an archive. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Parses a block. Throws `tar-header`, or the rule about what kind of entry it announces. */
export function parseTarHeader(block: Buffer): TarHeader {
  checkChecksum(block);
  const format = parseFormat(block);
  const path = parsePath(block, format);
  const kind = parseKind(block.toString('latin1', 156, 157), path);
  const size = parseOctal(block.subarray(124, 136), 'size');
  if (kind === 'directory' && size !== 0)
    refuse('entry-type', `expected a directory without bytes: ${quoteName(path)}`);
  return { kind, path, size };
}

/** The sum of all bytes, the field itself counted as spaces. */
function checkChecksum(block: Buffer): void {
  const expected = parseOctal(block.subarray(148, 156), 'checksum');
  let sum = 8 * 0x20;
  for (const [index, byte] of block.entries()) if (index < 148 || index >= 156) sum += byte;
  if (sum !== expected) refuse('tar-header', `expected the checksum ${expected}, got ${sum}`);
}

function parseFormat(block: Buffer): 'ustar' | 'gnu' {
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar\x0000') return 'ustar';
  if (magic === 'ustar  \0') return 'gnu';
  return refuse('tar-header', 'expected the magic of POSIX or GNU tar');
}

/** GNU keeps times where POSIX keeps the prefix. */
function parsePath(block: Buffer, format: 'ustar' | 'gnu'): string {
  const name = decodeField(block.subarray(0, 100));
  const prefix = format === 'ustar' ? decodeField(block.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** What stands after the first NUL is read by some programs only. */
function decodeField(field: Buffer): string {
  const end = field.indexOf(0);
  if (end === -1) return decodeName(field);
  if (!isZero(field.subarray(end))) refuse('path-control-character', 'expected nothing after the NUL of a name');
  return decodeName(field.subarray(0, end));
}

function parseKind(type: string, path: string): TarHeaderKind {
  switch (type) {
    case '\0':
    case '0':
      if (path.endsWith('/')) refuse('entry-type', `expected a directory to be marked as one: ${quoteName(path)}`);
      return 'file';
    case '5':
      return 'directory';
    case 'x':
      return 'pax';
    case 'g':
      return 'pax-global';
    case 'L':
      return 'gnu-long-name';
    default:
      return refuseKind(type, path);
  }
}

function refuseKind(type: string, path: string): never {
  if (type === '1') refuse('entry-hard-link', `expected no hard link: ${quoteName(path)}`);
  if (type === '2' || type === 'K') refuse('entry-symlink', `expected no symbolic link: ${quoteName(path)}`);
  if ('346'.includes(type)) refuse('entry-device', `expected no device or pipe: ${quoteName(path)}`);
  if (type === 'S') refuse('tar-sparse', `expected no file with holes: ${quoteName(path)}`);
  return refuse('entry-type', `expected a file or a directory, got type ${quoteName(type)}: ${quoteName(path)}`);
}

/** Octal digits, led by spaces or zeros, ended by a space or NUL. The base-256 form is for sizes beyond every limit. */
function parseOctal(field: Buffer, name: string): number {
  const match = /^ *([0-7]+)[ \0]+$/.exec(field.toString('latin1'));
  if (!match?.[1]) return refuse('tar-header', `expected octal digits in the ${name}`);
  return Number.parseInt(match[1], 8);
}
