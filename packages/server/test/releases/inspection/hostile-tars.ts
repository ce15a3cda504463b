/** Tar archives and gzip files that must be refused. */
import { gzipSync } from 'node:zlib';
import type { UploadRule } from '../../../src/releases/inspection/rules.ts';
import type { HostileArchive } from './hostile-archive.ts';
import { buildTar, pax, paxRecord, type TarPlan } from './tar-builder.ts';

function tar(what: string, rule: UploadRule, ...plans: readonly TarPlan[]): HostileArchive {
  return tarGz(`tar.gz ${what}`, rule, () => gzipSync(buildTar(plans)));
}

function tarGz(what: string, rule: UploadRule, build: () => Buffer): HostileArchive {
  return { what: `a ${what}`, rule, name: 'release.tar.gz', build };
}

const content = 'content of a.txt';
const zeros = Buffer.alloc(16 * 1024 * 1024);
const someFile: TarPlan = { name: 'a.txt', content };
const base256 = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16]);

/** At least twenty tar archives. */
export const hostileTars: readonly HostileArchive[] = [
  tar('that climbs out', 'path-traversal', { name: '../evil', content }),
  tar('that climbs out behind ./', 'path-traversal', { name: './../evil', content }),
  tar('that climbs out by its prefix', 'path-traversal', { name: 'evil', prefix: '..', content }),
  tar('that climbs out by a pax path', 'path-traversal', pax({ path: '../evil' }), someFile),
  tar(
    'that climbs out by a long name',
    'path-traversal',
    { name: '././@LongLink', type: 'L', content: '../evil\0' },
    someFile,
  ),
  tar('with an absolute path', 'path-absolute', { name: '/etc/passwd', content }),
  tar('with a backslash', 'path-backslash', { name: 'a\\b', content }),
  tar('with a reserved name', 'path-reserved-name', { name: 'aux.h', content }),
  tar('with one name twice', 'path-duplicate', someFile, someFile),
  tar('with names that differ in case', 'path-duplicate', someFile, { name: 'A.txt' }),
  tar('with a file that is a directory too', 'path-conflict', someFile, { name: 'a.txt/b', content }),
  tar('with a name that is not UTF-8', 'path-encoding', { name: Buffer.from([0x61, 0xff]), content }),
  tar('with a name in another charset', 'path-encoding', pax({ hdrcharset: 'BINARY', path: 'a' }), someFile),
  tar('with bytes after the NUL of a name', 'path-control-character', { name: 'a.txt\0evil', content }),
  tar(
    'with bytes after the NUL of a long name',
    'path-control-character',
    { name: 'L', type: 'L', content: 'a\0b' },
    someFile,
  ),
  tar('with a pax path that holds NUL', 'path-control-character', pax({ path: 'a\0b' }), someFile),
  tar('with an empty pax path', 'path-empty', pax({ path: '' }), someFile),
  tar('with a symbolic link', 'entry-symlink', { name: 'link', type: '2', linkName: '/etc' }),
  tar('with a long link', 'entry-symlink', { name: '././@LongLink', type: 'K', content: '/etc' }),
  tar('with a pax link path', 'entry-symlink', pax({ linkpath: '/etc' }), someFile),
  tar('with a hard link', 'entry-hard-link', { name: 'link', type: '1', linkName: '/etc/passwd' }),
  tar('with a character device', 'entry-device', { name: 'null', type: '3' }),
  tar('with a block device', 'entry-device', { name: 'sda', type: '4' }),
  tar('with a pipe', 'entry-device', { name: 'pipe', type: '6' }),
  tar('with a contiguous file', 'entry-type', { name: 'a', type: '7' }),
  tar('with a volume label', 'entry-type', { name: 'a', type: 'V' }),
  tar('with a file named as a directory', 'entry-type', { name: 'a/', content }),
  tar('with a file that pax names as a directory', 'entry-type', pax({ path: 'a/' }), someFile),
  tar('with bytes in a directory', 'entry-type', { name: 'a/', type: '5', content }),
  tar('with a sparse file', 'tar-sparse', { name: 'a', type: 'S', content }),
  tar('with a sparse file by pax', 'tar-sparse', pax({ 'GNU.sparse.major': '1' }), someFile),
  tar('with two sizes of one file', 'tar-extension', pax({ size: '0' }), someFile),
  tar('with a pax size that is no number', 'tar-extension', pax({ size: '0x10' }), someFile),
  tar(
    'with a key twice',
    'tar-extension',
    { name: 'x', type: 'x', content: paxRecord('path', 'a') + paxRecord('path', 'b') },
    someFile,
  ),
  // GNU tar skips blanks before a key: it would follow this size into the file, and find a link there.
  tar('with a size behind a blank', 'tar-extension', pax({ ' size': '0' }), {
    name: 'a.txt',
    content: buildTar([{ name: 'hidden', type: '2', linkName: '/etc' }], Buffer.alloc(0)),
  }),
  tar('with a path behind a tab', 'tar-extension', pax({ '\tpath': '../evil' }), someFile),
  tar('with a link path behind a blank', 'tar-extension', pax({ ' linkpath': '/etc' }), someFile),
  tar('with a key that holds NUL', 'tar-extension', pax({ 'path\0': '../evil' }), someFile),
  // node-tar reads line by line: to it, the second line is a record of its own.
  tar(
    'with a record inside a value',
    'tar-extension',
    pax({ comment: `x\n${paxRecord('path', '../evil').trimEnd()}` }),
    someFile,
  ),
  // BusyBox and PHP know no pax headers: to them, the entry has the name in its own header.
  tar('that climbs out beneath a pax path', 'path-traversal', pax({ path: 'good' }), { name: '../../evil', content }),
  tar(
    'that climbs out beneath a long name',
    'path-traversal',
    { name: '././@LongLink', type: 'L', content: 'good\0' },
    { name: 'a/../../evil', content },
  ),
  tar('with an absolute path beneath a pax path', 'path-absolute', pax({ path: 'good' }), { name: '/etc/x', content }),
  tar('with two extended headers', 'tar-extension', pax({ path: 'b' }), pax({ path: 'c' }), someFile),
  tar(
    'with a long name and a pax path',
    'tar-extension',
    { name: 'L', type: 'L', content: 'b\0' },
    pax({ path: 'c' }),
    someFile,
  ),
  tar('with a global path', 'tar-extension', pax({ path: 'b' }, 'g'), someFile),
  tar('with an extended header of 100 KB', 'tar-extension', pax({ path: 'b', comment: 'c'.repeat(100_000) }), someFile),
  tar('with an extended header without content', 'tar-extension', { name: 'x', type: 'x' }, someFile),
  tar(
    'with a record longer than the header',
    'tar-extension',
    { name: 'x', type: 'x', content: '99 path=a\n' },
    someFile,
  ),
  tar('with a record without a key', 'tar-extension', { name: 'x', type: 'x', content: '5 ab\n' }, someFile),
  tar('with an extended header for nothing', 'tar-extension', someFile, pax({ path: 'b' })),
  tar('with a wrong checksum', 'tar-header', { ...someFile, checksum: 1 }),
  tar('with a checksum beyond octal', 'tar-header', { ...someFile, checksum: Number.NaN }),
  tar('of the format before POSIX', 'tar-header', { ...someFile, magic: '' }),
  tar('with a size in base 256', 'tar-header', { ...someFile, sizeField: base256 }),
  tar('with a size that is no number', 'tar-header', { ...someFile, sizeField: Buffer.from('          9\0') }),
  tarGz('tar.gz without an end', 'tar-truncated', () => gzipSync(buildTar([someFile], Buffer.alloc(0)))),
  tarGz('tar.gz with half an end', 'tar-truncated', () => gzipSync(buildTar([someFile], Buffer.alloc(512)))),
  tarGz('tar.gz cut off inside a file', 'tar-truncated', () => gzipSync(buildTar([{ ...someFile, size: 99_999 }]))),
  tarGz('tar.gz with bytes after its end', 'tar-trailing-data', () =>
    gzipSync(Buffer.concat([buildTar([someFile]), buildTar([{ name: 'b' }])])),
  ),
  tarGz('tar.gz with a few bytes after its end', 'tar-trailing-data', () =>
    gzipSync(buildTar([someFile], Buffer.concat([Buffer.alloc(1024), Buffer.from('x')]))),
  ),
  tarGz('tar.gz with an entry between the blocks of its end', 'tar-trailing-data', () =>
    gzipSync(buildTar([someFile], Buffer.concat([Buffer.alloc(512), buildTar([{ name: 'b' }])]))),
  ),
  tarGz('tar.gz without entries', 'archive-empty', () => gzipSync(Buffer.alloc(10_240))),
  tarGz('tar.gz of zeros, a thousand to one', 'archive-ratio', () =>
    gzipSync(buildTar([{ name: 'bomb', content: zeros }])),
  ),
  tarGz('gzip file of two members', 'gzip-multi-member', () =>
    Buffer.concat([gzipSync(buildTar([someFile])), gzipSync(buildTar([someFile]))]),
  ),
  tarGz('gzip file with bytes after it', 'gzip-trailing-data', () =>
    Buffer.concat([gzipSync(buildTar([someFile])), Buffer.from('<?php')]),
  ),
  tarGz('gzip file with a wrong checksum', 'gzip-checksum', () => {
    const bytes = gzipSync(buildTar([someFile]));
    bytes.writeUInt32LE(1, bytes.length - 8);
    return bytes;
  }),
  tarGz('gzip file with a wrong size', 'gzip-checksum', () => {
    const bytes = gzipSync(buildTar([someFile]));
    bytes.writeUInt32LE(1, bytes.length - 4);
    return bytes;
  }),
  tarGz('gzip file with reserved flags', 'gzip-header', () => {
    const bytes = gzipSync(buildTar([someFile]));
    bytes[3] = 0x80;
    return bytes;
  }),
  tarGz('gzip file with a name without an end', 'gzip-header', () =>
    Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 0x61]),
  ),
  tarGz('gzip file with a wrong checksum of its header', 'gzip-header', () =>
    Buffer.from([0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3, 1, 1, 0]),
  ),
  tarGz('gzip file with a long extra field', 'gzip-header', () =>
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 255, 255]),
  ),
  tarGz('gzip file cut off', 'archive-corrupt', () => gzipSync(buildTar([someFile])).subarray(0, -20)),
  tarGz('gzip file cut off inside its trailer', 'archive-corrupt', () =>
    gzipSync(buildTar([someFile])).subarray(0, -3),
  ),
  tarGz('gzip file of another method', 'gzip-header', () => Buffer.from([0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3, 1, 1, 0])),
];
