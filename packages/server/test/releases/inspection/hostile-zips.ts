/** ZIP archives that must be refused. */
import { deflateRawSync } from 'node:zlib';
import type { UploadRule } from '../../../src/releases/inspection/rules.ts';
import type { HostileArchive } from './hostile-archive.ts';
import { buildZip, end64, extraField, file, u32, u64 } from './zip-builder.ts';

function zip(what: string, rule: UploadRule, build: () => Buffer): HostileArchive {
  return { what: `a ZIP ${what}`, rule, name: 'release.zip', build };
}

function zipNamed(what: string, rule: UploadRule, ...names: readonly string[]): HostileArchive {
  return zip(what, rule, () =>
    buildZip(names.map((name) => file(name, { flags: 0x800, ...(name.endsWith('/') ? { content: '' } : {}) }))),
  );
}

const content = 'content of a.txt';
const inner = buildZip([file('inner.txt')]);
const zeros = Buffer.alloc(16 * 1024 * 1024);

const paths: readonly HostileArchive[] = [
  zipNamed('that climbs out', 'path-traversal', '../evil'),
  zipNamed('that climbs out from inside', 'path-traversal', 'a/../../evil'),
  zipNamed('with a dot as a part', 'path-traversal', 'a/./b'),
  zipNamed('with an empty part', 'path-traversal', 'a//b'),
  zipNamed('with two dots as a directory', 'path-traversal', '../'),
  zipNamed('with an absolute path', 'path-absolute', '/etc/passwd'),
  zipNamed('with a UNC path', 'path-absolute', '//server/share'),
  zipNamed('with a drive letter', 'path-colon', 'C:evil.dll'),
  zipNamed('with a drive letter and a slash', 'path-colon', 'c:/windows/evil.dll'),
  zipNamed('with a hidden stream', 'path-colon', 'readme.txt:evil.exe'),
  zipNamed('with backslashes', 'path-backslash', '..\\evil'),
  zipNamed('with one backslash', 'path-backslash', 'a\\b'),
  zipNamed('with NUL in a name', 'path-control-character', 'evil.php\0.txt'),
  zipNamed('with a line feed in a name', 'path-control-character', 'a\nb'),
  zipNamed('with an escape sequence in a name', 'path-control-character', '\u001b[2Ja'),
  zipNamed('with a C1 control in a name', 'path-control-character', 'a\u009bb'),
  zipNamed('with a name that turns its direction', 'path-control-character', 'exe.\u202etxt'),
  zipNamed('with an empty name', 'path-empty', ''),
  zipNamed('with a name of 300 bytes', 'path-too-long', 'n'.repeat(300)),
  zipNamed('with a path of 1,200 bytes', 'path-too-long', 'part/'.repeat(240).concat('x')),
  zipNamed('with 65 parts', 'path-too-long', 'd/'.repeat(64).concat('x')),
  zipNamed('with CON', 'path-reserved-name', 'CON'),
  zipNamed('with nul.txt', 'path-reserved-name', 'a/nul.txt'),
  zipNamed('with com1 and a superscript', 'path-reserved-name', 'com¹.log'),
  zipNamed('with aux and a space before the extension', 'path-reserved-name', 'aux .c'),
  zipNamed('with a dot at the end', 'path-trailing-dot', 'evil.php.'),
  zipNamed('with a space at the end', 'path-trailing-dot', 'evil.php '),
  zipNamed('with a directory that ends in a dot', 'path-trailing-dot', 'a./b'),
  zipNamed('with one name twice', 'path-duplicate', 'a.txt', 'a.txt'),
  zipNamed('with names that differ in case', 'path-duplicate', 'a.txt', 'A.TXT'),
  zipNamed('with names that differ in the form of accents', 'path-duplicate', 'caf\u00e9', 'cafe\u0301'),
  zipNamed('with names that differ in ß and SS', 'path-duplicate', 'straße', 'STRASSE'),
  zipNamed('with names that differ in an invisible character', 'path-duplicate', 'ab', 'a\u200cb'),
  zipNamed('with directories that differ in case', 'path-duplicate', 'Docs/a', 'docs/b'),
  zipNamed('with one directory twice', 'path-duplicate', 'a/', 'a/'),
  zipNamed('with a file that is a directory too', 'path-conflict', 'a', 'a/b'),
  zipNamed('with a directory that is a file too', 'path-conflict', 'a/', 'A'),
  zip('with a name that is not UTF-8', 'path-encoding', () =>
    buildZip([file(Buffer.from([0x61, 0xff]), { flags: 0x800 })]),
  ),
  zip('with a name of unknown encoding', 'path-encoding', () => buildZip([file('über.txt')])),
];

const kinds: readonly HostileArchive[] = [
  zip('with a symbolic link', 'entry-symlink', () =>
    buildZip([file('link', { content: '/etc/passwd', mode: 0o120777 })]),
  ),
  zip('with a link in the ASi field', 'entry-symlink', () => {
    const asi = Buffer.alloc(14);
    asi.writeUInt16LE(0o120777, 4);
    return buildZip([file('link', { extra: extraField(0x756e, asi) })]);
  }),
  zip('with a character device', 'entry-device', () => buildZip([file('null', { mode: 0o020666 })])),
  zip('with a block device', 'entry-device', () => buildZip([file('sda', { mode: 0o060666 })])),
  zip('with a pipe', 'entry-device', () => buildZip([file('pipe', { mode: 0o010666 })])),
  zip('with a socket', 'entry-device', () => buildZip([file('socket', { mode: 0o140666 })])),
  zip('with a directory by its mode only', 'entry-type', () => buildZip([file('a', { mode: 0o040755 })])),
  zip('with a directory by its DOS attribute only', 'entry-type', () => buildZip([file('a', { dosAttributes: 0x10 })])),
  zip('with a file named as a directory', 'entry-type', () => buildZip([file('a/', { content: '', mode: 0o100644 })])),
  zip('with bytes in a directory', 'entry-type', () => buildZip([file('a/')])),
  zip('with an encrypted entry', 'zip-encrypted', () => buildZip([file('a.txt', { flags: 1 })])),
  zip('with strong encryption', 'zip-encrypted', () => buildZip([file('a.txt', { flags: 0x40 })])),
  zip('with masked headers', 'zip-encrypted', () => buildZip([file('a.txt', { flags: 0x2000 })])),
  zip('with patch data', 'zip-flags', () => buildZip([file('a.txt', { flags: 0x20 })])),
  zip('with bzip2', 'zip-method', () => buildZip([file('a.txt', { method: 12 })])),
  zip('with AES', 'zip-method', () => buildZip([file('a.txt', { method: 99 })])),
  zip('with deflate64', 'zip-method', () => buildZip([file('a.txt', { method: 9 })])),
];

const headers: readonly HostileArchive[] = [
  zip('with two names of one entry', 'zip-header-mismatch', () =>
    buildZip([file('a.txt', { local: { name: 'b.txt' } })]),
  ),
  zip('with two methods of one entry', 'zip-header-mismatch', () =>
    buildZip([file('a.txt', { local: { method: 0 } })]),
  ),
  zip('with two checksums of one entry', 'zip-header-mismatch', () => buildZip([file('a.txt', { local: { crc: 1 } })])),
  zip('with two sizes of one entry', 'zip-header-mismatch', () => buildZip([file('a.txt', { local: { size: 1 } })])),
  zip('with two compressed sizes of one entry', 'zip-header-mismatch', () =>
    buildZip([file('a.txt', { local: { compressedSize: 1 } })]),
  ),
  zip('with flags in one header only', 'zip-header-mismatch', () =>
    buildZip([file('a.txt', { local: { flags: 0x800 } })]),
  ),
  zip('without the signature of a local header', 'zip-header-mismatch', () =>
    buildZip([file('z.txt'), file('a.txt', { local: { signature: 'PK\x03\x05' } })]),
  ),
  zip('with a damaged extra field', 'zip-extra-field', () =>
    buildZip([file('a.txt', { extra: Buffer.from([1, 2, 255, 0, 1]) })]),
  ),
  zip('with a damaged extra field in the local header', 'zip-extra-field', () =>
    buildZip([file('a.txt', { local: { extra: Buffer.from([1, 2, 255, 0, 1]) } })]),
  ),
  zip('with half an extra field', 'zip-extra-field', () => buildZip([file('a.txt', { extra: Buffer.from([1, 2]) })])),
  zip('with another name in the Unicode field', 'zip-extra-field', () =>
    buildZip([
      file('a.txt', { extra: extraField(0x7075, Buffer.concat([Buffer.from([1]), u32(0), Buffer.from('b.txt')])) }),
    ]),
  ),
  zip('with two ZIP64 fields', 'zip-extra-field', () =>
    buildZip([file('a.txt', { extra: Buffer.concat([extraField(1, u64(1)), extraField(1, u64(1))]) })]),
  ),
  zip('with a ZIP64 field for nothing', 'zip-zip64', () =>
    buildZip([file('a.txt', { extra: extraField(1, u64(1, 1)) })]),
  ),
  zip('with saturated sizes and no ZIP64 field', 'zip-zip64', () =>
    buildZip([file('a.txt', { size: 0xffffffff, compressedSize: 0xffffffff })]),
  ),
  zip('with a ZIP64 field that is too short', 'zip-zip64', () =>
    buildZip([file('a.txt', { size: 0xffffffff, compressedSize: 0xffffffff, extra: extraField(1, u64(16)) })]),
  ),
  zip('with a ZIP64 size beyond 2^53', 'zip-zip64', () =>
    buildZip([file('a.txt', { size: 0xffffffff, extra: extraField(1, Buffer.alloc(8, 0xff)) })]),
  ),
  zip('with another size in the local ZIP64 field', 'zip-header-mismatch', () =>
    buildZip([
      file('a.txt', { local: { size: 0xffffffff, compressedSize: 0xffffffff, extra: extraField(1, u64(5, 18)) } }),
    ]),
  ),
  zip('with an entry on another disk', 'zip-multi-disk', () => buildZip([file('a.txt', { disk: 1 })])),
];

const data: readonly HostileArchive[] = [
  zip('with a wrong checksum', 'zip-crc', () => buildZip([file('a.txt', { crc: 7 })])),
  zip('with a wrong checksum of stored data', 'zip-crc', () => buildZip([file('a.txt', { method: 0, crc: 7 })])),
  zip('with an entry larger than it says', 'zip-size-mismatch', () => buildZip([file('a.txt', { size: 3 })])),
  zip('with an entry that says to be empty', 'zip-size-mismatch', () => buildZip([file('a.txt', { size: 0 })])),
  zip('with an entry smaller than it says', 'zip-size-mismatch', () => buildZip([file('a.txt', { size: 300 })])),
  zip('with stored data of two sizes', 'zip-size-mismatch', () => buildZip([file('a.txt', { method: 0, size: 3 })])),
  zip('with bytes after the compressed data', 'zip-size-mismatch', () =>
    buildZip([file('a.txt', { data: Buffer.concat([deflateRawSync(content), Buffer.from('hidden')]) })]),
  ),
  zip('with a large entry larger than it says', 'zip-size-mismatch', () =>
    buildZip([file('a.bin', { content: zeros.subarray(0, 4e6), size: 2e6 })]),
  ),
  zip('with a large entry and bytes after it', 'zip-size-mismatch', () =>
    buildZip([
      file('a.bin', {
        content: zeros.subarray(0, 4e6),
        data: Buffer.concat([deflateRawSync(zeros.subarray(0, 4e6)), Buffer.alloc(9)]),
      }),
    ]),
  ),
  zip('with a large entry cut off', 'archive-corrupt', () =>
    buildZip([
      file('a.bin', { content: zeros.subarray(0, 4e6), data: deflateRawSync(zeros.subarray(0, 4e6)).subarray(0, -20) }),
    ]),
  ),
  zip('with data that is not deflate', 'archive-corrupt', () =>
    buildZip([file('a.txt', { data: Buffer.alloc(20, 0xff) })]),
  ),
  zip('with data cut off', 'archive-corrupt', () =>
    buildZip([file('a.txt', { data: deflateRawSync(content).subarray(0, -4) })]),
  ),
  zip('of zeros, a thousand to one', 'archive-ratio', () => buildZip([file('bomb', { content: zeros })])),
  zip('of zeros that hides its size', 'zip-size-mismatch', () =>
    buildZip([file('bomb', { content: zeros, size: 1000 })]),
  ),
  zip('of many entries of zeros', 'archive-ratio', () =>
    buildZip(
      Array.from({ length: 40 }, (_, index) => file(`bomb${index}`, { content: zeros.subarray(0, 1024 * 1024) })),
    ),
  ),
  zip('that says to unpack to 4 GB', 'archive-too-large', () =>
    buildZip([file('bomb', { content: zeros, size: 0xfffffffe })]),
  ),
];

const layout: readonly HostileArchive[] = [
  zip('with entries that share bytes', 'zip-overlap', () =>
    buildZip([file('a.txt'), file('a.txt', { name: 'b.txt', offset: 0, isPhantom: true })]),
  ),
  zip('with an entry that reaches into the next', 'zip-overlap', () =>
    buildZip([file('a.txt', { method: 0, compressedSize: 60, size: 60 }), file('b.txt')]),
  ),
  zip('with an entry inside another', 'zip-overlap', () =>
    buildZip([file('outer', { method: 0, content: inner }), file('inner.txt', { offset: 35, isPhantom: true })]),
  ),
  zip('with a local header beyond the entries', 'zip-overlap', () =>
    buildZip([file('a.txt'), file('b.txt', { offset: 0x7fffffff, isPhantom: true })]),
  ),
  zip('with bytes between entries', 'zip-gap', () =>
    buildZip([file('a.txt'), file('b.txt', { before: Buffer.from('hidden') })]),
  ),
  zip('with an entry that is not listed', 'zip-gap', () =>
    buildZip([file('a.txt')], { beforeDirectory: inner.subarray(0, 48) }),
  ),
  zip('with bytes before the directory', 'zip-gap', () =>
    buildZip([file('a.txt')], { beforeDirectory: Buffer.alloc(9) }),
  ),
  zip('with bytes after the directory', 'zip-gap', () =>
    buildZip([file('a.txt')], { afterDirectory: Buffer.alloc(9) }),
  ),
  zip('with bytes before the first entry', 'zip-prepended-data', () =>
    buildZip([file('a.txt')], { prepend: Buffer.from('PK\x03\x04hidden') }),
  ),
  zip('with bytes before it that offsets do not count', 'zip-prepended-data', () =>
    Buffer.concat([Buffer.from('PK\x03\x04'), buildZip([file('a.txt')])]),
  ),
  zip('behind another one', 'zip-prepended-data', () => Buffer.concat([inner, buildZip([file('a.txt')])])),
  zip('with bytes after the end', 'zip-appended-data', () =>
    buildZip([file('a.txt')], { append: Buffer.from('<?php') }),
  ),
  zip('with a descriptor that lies', 'zip-descriptor', () =>
    buildZip([file('a.txt', { flags: 8, descriptor: u32(0x08074b50, 1, 2, 3) })]),
  ),
  zip('with a descriptor of a strange length', 'zip-descriptor', () =>
    buildZip([file('a.txt', { flags: 8, descriptor: Buffer.alloc(14) })]),
  ),
  zip('without the descriptor that it announces', 'zip-descriptor', () => buildZip([file('a.txt', { flags: 8 })])),
  zip('with a descriptor after stored data', 'zip-descriptor', () =>
    buildZip([file('a.txt', { flags: 8, method: 0, descriptor: u32(0x08074b50, 0, 16, 16) })]),
  ),
  zip('with a descriptor that was not announced', 'zip-gap', () =>
    buildZip([file('a.txt', { descriptor: u32(0x08074b50, 1, 2, 3) })]),
  ),
];

const ends: readonly HostileArchive[] = [
  zip('without an end', 'zip-end-record', () => buildZip([file('a.txt')]).subarray(0, -22)),
  zip('cut off inside its end', 'zip-end-record', () => buildZip([file('a.txt')]).subarray(0, -3)),
  zip('cut off inside its comment', 'zip-end-record', () =>
    buildZip([file('a.txt')], { comment: Buffer.from('a comment') }).subarray(0, -3),
  ),
  zip('with an end in its comment', 'zip-end-ambiguous', () => buildZip([file('a.txt')], { comment: inner })),
  zip('with the signature of an end in its comment', 'zip-end-ambiguous', () =>
    buildZip([file('a.txt')], { comment: Buffer.from('PK\x05\x06 hello') }),
  ),
  zip('with an end before its end whose comment covers it', 'zip-end-ambiguous', () => {
    const decoy = Buffer.alloc(22);
    decoy.write('PK\x05\x06', 'latin1');
    decoy.writeUInt16LE(22, 20);
    return buildZip([file('a.txt')], { afterDirectory: decoy });
  }),
  zip('without entries', 'archive-empty', () => buildZip([])),
  zip('that says to have more entries', 'zip-directory', () => buildZip([file('a.txt')], { entries: 2 })),
  zip('that says to have fewer entries', 'zip-directory', () =>
    buildZip([file('a.txt'), file('b.txt')], { entries: 1 }),
  ),
  zip('with a directory beyond the file', 'zip-directory', () =>
    buildZip([file('a.txt')], { directoryOffset: 0x7fffffff }),
  ),
  zip('with a directory longer than it is', 'zip-directory', () => buildZip([file('a.txt')], { directoryBytes: 5000 })),
  zip('with half a header in the directory', 'zip-directory', () => {
    const half = Buffer.from('PK\x01\x02 half', 'latin1');
    const honest = buildZip([file('a.txt')]);
    const directoryBytes = honest.readUInt32LE(honest.length - 10) + half.length;
    return buildZip([file('a.txt')], { afterDirectory: half, directoryBytes });
  }),
  zip('on the second of two disks', 'zip-multi-disk', () => buildZip([file('a.txt')], { disk: 1 })),
  zip('with entries on other disks', 'zip-multi-disk', () => buildZip([file('a.txt')], { diskEntries: 0, entries: 1 })),
  zip('with 65,536 entries', 'archive-too-many-entries', () =>
    buildZip(
      Array.from({ length: 65_536 }, (_, index) => file(`f${index}`, { content: '', method: 0 })),
      {
        entries: 0xffff,
        end64: (truth) => end64(truth),
      },
    ),
  ),
  zip('with a million implied directories', 'archive-too-many-entries', () =>
    buildZip(
      Array.from({ length: 20_000 }, (_, index) => file(`${index}/${'d/'.repeat(50)}x`, { content: '', method: 0 })),
    ),
  ),
  zip('with another number of entries in the ZIP64 end', 'zip-zip64', () =>
    buildZip([file('a.txt')], { end64: (truth) => end64(truth, { entries: 2 }) }),
  ),
  zip('with another directory in the ZIP64 end', 'zip-zip64', () =>
    buildZip([file('a.txt')], { end64: (truth) => end64(truth, { directoryOffset: 0 }) }),
  ),
  zip('with a ZIP64 locator that points elsewhere', 'zip-zip64', () =>
    buildZip([file('a.txt')], { end64: (truth) => end64(truth, { end64Offset: 0 }) }),
  ),
  zip('with a ZIP64 end longer than it is', 'zip-zip64', () =>
    buildZip([file('a.txt')], { end64: (truth) => end64(truth, { recordSize: 99 }) }),
  ),
  zip('with a ZIP64 end on another disk', 'zip-multi-disk', () =>
    buildZip([file('a.txt')], { end64: (truth) => end64(truth, { disk: 1 }) }),
  ),
  zip('with a locator and no ZIP64 end', 'zip-zip64', () =>
    buildZip([file('a.txt')], { end64: (truth) => Buffer.concat([Buffer.alloc(56), end64(truth).subarray(56)]) }),
  ),
];

/** At least sixty ZIP archives. */
export const hostileZips: readonly HostileArchive[] = [...paths, ...kinds, ...headers, ...data, ...layout, ...ends];
