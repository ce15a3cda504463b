/** The list of entries of a ZIP file (APPNOTE 4.3.12), each checked for what it claims to be. */
import type { UnpackBudget } from '../budget.ts';
import type { ByteSource } from '../byte-source.ts';
import { decodeName, type EntryKind } from '../entry-path.ts';
import { quoteName, refuse } from '../rules.ts';
import type { EndRecord } from './end-record.ts';
import { checkUnicodePath, type ExtraFields, parseExtraFields, resolveZip64 } from './extra-fields.ts';

const signature = 0x02014b50;
const headerBytes = 46;

/** 65,535 entries with names of 200 bytes fit twice. */
const maxDirectoryBytes = 32 * 1024 * 1024;

/** An entry as the central directory describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly nameBytes: Buffer;
  readonly kind: EntryKind;
  readonly flags: number;
  readonly method: 'store' | 'deflate';
  readonly crc: number;
  readonly size: number;
  readonly compressedSize: number;
  /** Where its local header stands. */
  readonly offset: number;
  /** Whether somebody may run it, by what the archive says of modes. */
  readonly isExecutable: boolean;
}

/** Reads all entries. Throws the rule that one breaks, or `zip-directory` when they do not fill the directory exactly. */
export function readCentralDirectory(source: ByteSource, end: EndRecord, budget: UnpackBudget): ZipEntry[] {
  if (end.directoryBytes > maxDirectoryBytes)
    refuse('zip-directory', `expected at most ${maxDirectoryBytes} bytes of directory`);
  const bytes = source.read(end.directoryOffset, end.directoryBytes);
  const entries: ZipEntry[] = [];
  let position = 0;
  while (position < bytes.length) {
    budget.addEntry();
    const length = measureHeader(bytes, position);
    entries.push(parseHeader(bytes.subarray(position, position + length)));
    position += length;
  }
  if (entries.length !== end.entries) refuse('zip-directory', `expected ${end.entries} entries, got ${entries.length}`);
  if (entries.length === 0) refuse('archive-empty', 'expected at least one entry');
  return entries;
}

function measureHeader(bytes: Buffer, position: number): number {
  const left = bytes.length - position;
  if (left < headerBytes || bytes.readUInt32LE(position) !== signature)
    refuse('zip-directory', 'expected the header of an entry');
  const length =
    headerBytes +
    bytes.readUInt16LE(position + 28) +
    bytes.readUInt16LE(position + 30) +
    bytes.readUInt16LE(position + 32);
  if (length > left) refuse('zip-directory', 'expected the header of an entry to end inside the directory');
  return length;
}

function parseHeader(header: Buffer): ZipEntry {
  const nameEnd = headerBytes + header.readUInt16LE(28);
  const nameBytes = header.subarray(headerBytes, nameEnd);
  const extra = parseExtraFields(header.subarray(nameEnd, nameEnd + header.readUInt16LE(30)));
  const flags = parseFlags(header.readUInt16LE(8));
  const name = parseName(nameBytes, flags, extra);
  if (header.readUInt16LE(34) !== 0) refuse('zip-multi-disk', 'expected an archive of one part');
  const sizes = resolveZip64(
    { compressedSize: header.readUInt32LE(20), size: header.readUInt32LE(24), offset: header.readUInt32LE(42) },
    extra.zip64,
  );
  const entry = {
    name,
    nameBytes,
    flags,
    method: parseMethod(header.readUInt16LE(10), name),
    crc: header.readUInt32LE(16),
    isExecutable: parseExecutable(header),
  };
  return checkSizes({ ...entry, ...sizes, kind: parseKind(name, header.readUInt32LE(38)) });
}

/** APPNOTE 4.4.4: the level of deflate (1, 2), a data descriptor (3), UTF-8 (11). */
function parseFlags(flags: number): number {
  if (flags & 0b0010_0000_0100_0001) refuse('zip-encrypted', 'expected entries without encryption');
  if (flags & ~0b0000_1000_0000_1110)
    refuse('zip-flags', `expected no other flags than 1, 2, 3 and 11, got ${flags.toString(2)}`);
  return flags;
}

/** Without flag 11 a name is CP437 to some programs and UTF-8 to others, unless the Unicode field says the same bytes. */
function parseName(bytes: Buffer, flags: number, extra: ExtraFields): string {
  checkUnicodePath(extra, bytes);
  const isMarked = (flags & 0x800) !== 0 || extra.unicodePath !== undefined;
  if (!isMarked && bytes.some((byte) => byte > 0x7f))
    refuse('path-encoding', 'expected names beyond ASCII to be marked as UTF-8');
  return decodeName(bytes);
}

function parseMethod(method: number, name: string): ZipEntry['method'] {
  if (method === 0) return 'store';
  if (method === 8) return 'deflate';
  return refuse('zip-method', `expected store or deflate, got method ${method}: ${quoteName(name)}`);
}

/** APPNOTE 4.4.2: only what was made on Unix (3) or macOS (19) has modes of POSIX. */
function parseExecutable(header: Buffer): boolean {
  return [3, 19].includes(header.readUInt8(5)) && ((header.readUInt32LE(38) >>> 16) & 0o111) !== 0;
}

/** The slash at the end of the name decides; modes of whatever system must not contradict it. */
function parseKind(name: string, attributes: number): EntryKind {
  const kind = name.endsWith('/') ? 'directory' : 'file';
  assertMode(attributes >>> 16, kind, name);
  const isDosDirectory = (attributes & 0x10) !== 0;
  if (isDosDirectory && kind === 'file') refuse('entry-type', `expected a slash after a directory: ${quoteName(name)}`);
  return kind;
}

/** The type bits of `st_mode`, POSIX sys/stat.h. */
function assertMode(mode: number, kind: EntryKind, name: string): void {
  const type = mode & 0o170000;
  if (type === 0) return;
  if (type === 0o120000) refuse('entry-symlink', `expected no symbolic link: ${quoteName(name)}`);
  if (type !== 0o040000 && type !== 0o100000)
    refuse('entry-device', `expected a file or a directory: ${quoteName(name)}`);
  if ((type === 0o040000) !== (kind === 'directory'))
    refuse('entry-type', `expected one type, got two: ${quoteName(name)}`);
}

function checkSizes(entry: ZipEntry): ZipEntry {
  const { kind, method, size, compressedSize, name } = entry;
  if (kind === 'directory' && size !== 0)
    refuse('entry-type', `expected a directory without bytes: ${quoteName(name)}`);
  if (method === 'store' && size !== compressedSize)
    refuse('zip-size-mismatch', `expected one size, got two: ${quoteName(name)}`);
  return entry;
}
