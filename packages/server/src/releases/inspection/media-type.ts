/** What a file is by its first and last bytes; the extension only ever contradicts. */
import type { ByteSource } from './byte-source.ts';
import { quoteName, refuse } from './rules.ts';

/** Archives whose content is judged. */
export type ArchiveFormat = 'zip' | 'gzip' | 'tar';

/** What was recognised. */
export interface DetectedType {
  readonly mediaType: string;
  readonly archive: ArchiveFormat | undefined;
}

/** The types that a project may accept; `any` stands for all. */
export type AcceptedType = 'zip' | 'tar.gz' | 'any';

interface Signature {
  readonly mediaType: string;
  readonly offset: number;
  /** Latin-1 text of the bytes. */
  readonly bytes: string;
  readonly archive?: ArchiveFormat;
}

const signatures: readonly Signature[] = [
  { mediaType: 'application/zip', offset: 0, bytes: 'PK\x03\x04', archive: 'zip' },
  { mediaType: 'application/zip', offset: 0, bytes: 'PK\x05\x06', archive: 'zip' },
  { mediaType: 'application/gzip', offset: 0, bytes: '\x1f\x8b', archive: 'gzip' },
  { mediaType: 'application/x-tar', offset: 257, bytes: 'ustar', archive: 'tar' },
  { mediaType: 'application/vnd.debian.binary-package', offset: 0, bytes: '!<arch>\ndebian-binary' },
  { mediaType: 'application/x-archive', offset: 0, bytes: '!<arch>\n' },
  { mediaType: 'application/x-rpm', offset: 0, bytes: '\xed\xab\xee\xdb' },
  { mediaType: 'application/x-elf', offset: 0, bytes: '\x7fELF' },
  { mediaType: 'application/x-mach-binary', offset: 0, bytes: '\xcf\xfa\xed\xfe' },
  { mediaType: 'application/x-mach-binary', offset: 0, bytes: '\xce\xfa\xed\xfe' },
  { mediaType: 'application/x-mach-binary', offset: 0, bytes: '\xca\xfe\xba\xbe\x00\x00\x00' },
  { mediaType: 'application/x-xar', offset: 0, bytes: 'xar!' },
  { mediaType: 'application/x-ole-storage', offset: 0, bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' },
  { mediaType: 'application/vnd.ms-cab-compressed', offset: 0, bytes: 'MSCF\x00\x00\x00\x00' },
  { mediaType: 'application/pdf', offset: 0, bytes: '%PDF-' },
  { mediaType: 'application/x-7z-compressed', offset: 0, bytes: "7z\xbc\xaf'\x1c" },
  { mediaType: 'application/x-xz', offset: 0, bytes: '\xfd7zXZ\x00' },
  { mediaType: 'application/zstd', offset: 0, bytes: '\x28\xb5\x2f\xfd' },
  { mediaType: 'application/x-bzip2', offset: 0, bytes: 'BZh' },
  { mediaType: 'application/vnd.rar', offset: 0, bytes: 'Rar!\x1a\x07' },
  { mediaType: 'application/wasm', offset: 0, bytes: '\x00asm' },
  { mediaType: 'image/png', offset: 0, bytes: '\x89PNG\r\n\x1a\n' },
];

/** What a name promises. An extension that is not here promises nothing. */
const extensions: readonly (readonly [suffix: string, mediaType: string])[] = [
  ['.zip', 'application/zip'],
  ['.tar.gz', 'application/gzip'],
  ['.tgz', 'application/gzip'],
  ['.gz', 'application/gzip'],
  ['.tar', 'application/x-tar'],
  ['.deb', 'application/vnd.debian.binary-package'],
  ['.rpm', 'application/x-rpm'],
  ['.exe', 'application/vnd.microsoft.portable-executable'],
  ['.dll', 'application/vnd.microsoft.portable-executable'],
  ['.msi', 'application/x-ole-storage'],
  ['.dmg', 'application/x-apple-diskimage'],
  ['.pdf', 'application/pdf'],
  ['.7z', 'application/x-7z-compressed'],
  ['.xz', 'application/x-xz'],
  ['.zst', 'application/zstd'],
  ['.bz2', 'application/x-bzip2'],
  ['.rar', 'application/vnd.rar'],
];

/** The most that is looked at from the start. */
const headBytes = 512;

/** Recognises a file by its magic bytes; `application/octet-stream` when nothing is known of it. */
export function detectType(source: ByteSource): DetectedType {
  const head = source.read(0, Math.min(source.size, headBytes));
  for (const { mediaType, offset, bytes, archive } of signatures) {
    if (head.toString('latin1', offset, offset + bytes.length) === bytes) return { mediaType, archive };
  }
  if (isPortableExecutable(source, head))
    return { mediaType: 'application/vnd.microsoft.portable-executable', archive: undefined };
  if (isDiskImage(source)) return { mediaType: 'application/x-apple-diskimage', archive: undefined };
  return { mediaType: 'application/octet-stream', archive: undefined };
}

/** Throws `extension-mismatch` when the name promises something else, `type-not-accepted` when the project takes others. */
export function checkType(type: DetectedType, name: string, acceptedTypes: readonly AcceptedType[]): void {
  const promised = extensions.find(([suffix]) => name.toLowerCase().endsWith(suffix));
  if (promised && promised[1] !== type.mediaType) {
    refuse('extension-mismatch', `expected ${promised[1]} in ${quoteName(name)}, got ${type.mediaType}`);
  }
  if (acceptedTypes.some((accepted) => isAccepted(accepted, type, name))) return;
  refuse(
    'type-not-accepted',
    `expected one of ${acceptedTypes.join(', ')}, got ${type.mediaType} in ${quoteName(name)}`,
  );
}

/** Whether the content of a gzip file is a tar archive by its name. */
export function isTarGzName(name: string): boolean {
  return /\.(?:tar\.gz|tgz)$/i.test(name);
}

/** Where types are restricted, the name must promise what the file is: nobody expects a ZIP archive in `setup.bin`. */
function isAccepted(accepted: AcceptedType, type: DetectedType, name: string): boolean {
  switch (accepted) {
    case 'zip':
      return type.archive === 'zip' && /\.zip$/i.test(name);
    case 'tar.gz':
      return type.archive === 'gzip' && isTarGzName(name);
    case 'any':
      return true;
  }
}

/** PE/COFF: `MZ`, and at the offset that stands at 0x3c the signature `PE\0\0`. */
function isPortableExecutable(source: ByteSource, head: Buffer): boolean {
  if (head.length < 0x40 || head.toString('latin1', 0, 2) !== 'MZ') return false;
  const offset = head.readUInt32LE(0x3c);
  return offset + 4 <= source.size && source.read(offset, 4).toString('latin1') === 'PE\0\0';
}

/** UDIF: a trailer of 512 bytes that begins with `koly`. */
function isDiskImage(source: ByteSource): boolean {
  return source.size >= 512 && source.read(source.size - 512, 4).toString('latin1') === 'koly';
}
