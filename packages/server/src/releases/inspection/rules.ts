/** The rules that an upload must keep. Their names are API: they stand in refusals, in the audit log and in the manual. */
import { Refusal } from '../../errors.ts';

/** Each rule with what to do when it was broken. */
export const uploadRules = {
  'size-limit': 'upload a smaller file, or raise SIGNPOST_MAX_UPLOAD_MB on the server',
  'size-mismatch': 'state the size of the file exactly, and upload all of it',
  'digest-mismatch': 'the file changed on its way: build it again or upload it again',
  'type-not-accepted': 'the project takes other types: change accepted_types or upload one of them',
  'extension-mismatch': 'give the file the extension of what it contains',
  'archive-empty': 'put at least one file into the archive',
  'archive-too-many-entries': 'an archive may hold 65,535 entries: split it',
  'archive-too-large': 'the archive unpacks to too much: shrink it, or raise MAX_UNCOMPRESSED_MB on the server',
  'archive-ratio': 'the archive unpacks to far more than its own size, as archive bombs do: leave the padding out',
  'archive-corrupt': 'the compressed data cannot be unpacked: build the archive again',
  'entry-symlink': 'replace symbolic links by the files that they point to',
  'entry-hard-link': 'replace hard links by the files that they point to',
  'entry-device': 'leave devices, sockets and pipes out',
  'entry-type': 'the archive may hold files and directories, each marked as what it is',
  'path-empty': 'give each entry a name',
  'path-too-long': 'shorten the path: 1,024 bytes, 255 for each part, 64 parts',
  'path-encoding': 'write names as UTF-8 and mark them so',
  'path-control-character': 'leave control and direction-changing characters out of names',
  'path-backslash': 'separate the parts of a path by /',
  'path-absolute': 'paths must be relative',
  'path-colon': 'leave : out of names: it names drives and hidden streams on Windows',
  'path-traversal': 'leave ".", ".." and empty parts out of paths',
  'path-reserved-name': 'names such as CON, NUL or COM1 are devices on Windows: rename the file',
  'path-trailing-dot': 'a name must not end in a dot or a space: Windows would drop it',
  'path-duplicate': 'two entries would become one file where case or accents do not count: rename one',
  'path-conflict': 'one path is used as a file and as a directory: rename one',
  'zip-end-record': 'the archive has no intact end: build or upload it again',
  'zip-end-ambiguous': 'the archive has two ends, so that programs read different files from it: build it again',
  'zip-appended-data': 'remove what stands after the archive',
  'zip-prepended-data': 'remove what stands before the archive (self-extracting archives are not taken as ZIP)',
  'zip-multi-disk': 'write the archive as one file',
  'zip-directory': 'the list of entries is damaged: build the archive again',
  'zip-zip64': 'the 64-bit fields contradict the others: build the archive again',
  'zip-extra-field': 'an extra field is damaged or doubled: build the archive again',
  'zip-encrypted': 'store the entries without a password',
  'zip-flags': 'the entry uses a feature that common programs do not have: build the archive with deflate',
  'zip-method': 'use the methods store and deflate only',
  'zip-header-mismatch':
    'the two descriptions of an entry differ, so that programs read different files: build it again',
  'zip-overlap': 'two entries share bytes, as archive bombs do: build the archive again',
  'zip-gap': 'the archive holds bytes that belong to no entry: build it again',
  'zip-descriptor': 'the data descriptor contradicts the entry: build the archive again',
  'zip-size-mismatch': 'the entry has another size than the archive says: build it again',
  'zip-crc': 'the entry has another checksum than the archive says: build it again',
  'gzip-header': 'the gzip header is damaged: compress the file again',
  'gzip-multi-member': 'compress the whole file at once: several gzip members are read differently by programs',
  'gzip-trailing-data': 'remove what stands after the compressed data',
  'gzip-checksum': 'the checksum of the compressed data is wrong: compress the file again',
  'tar-header': 'the archive is not a POSIX or GNU tar: build it with one of these formats',
  'tar-extension': 'an extended header is damaged, too large or contradicts the entry: build the archive again',
  'tar-sparse': 'store files without holes (GNU tar: leave --sparse out)',
  'tar-truncated': 'the archive has no intact end: build or upload it again',
  'tar-trailing-data': 'remove what stands after the archive',
  'inspection-time-limit': 'the file took too long to inspect: simplify the archive',
  'inspection-failed': 'the server could not inspect the file: its log says why',
  'release-closed': 'the release is no draft any more: upload the file under a new version',
  'artifact-exists': 'the release holds a file of this name already: choose another name or a new version',
  'project-deleted': 'bring the project back: signpost project restore',
  'malware-found': 'the scanner found malware: find out how it came into the build',
  'scanner-failed': 'the scanner did not answer: try again, or ask the operator to run `signpost doctor`',
} as const;

/** The name of a rule. */
export type UploadRule = keyof typeof uploadRules;

/** A refusal that names the rule, says what was found, and hints at the way out. */
export function createUploadRefusal(rule: UploadRule, message: string, cause?: unknown): Refusal {
  return new Refusal('upload_refused', message, { rule, hint: uploadRules[rule], cause });
}

/** Throws that refusal. */
export function refuse(rule: UploadRule, message: string, cause?: unknown): never {
  throw createUploadRefusal(rule, message, cause);
}

/** A name from an archive as it may stand in a message: short, printable, quoted. */
export function quoteName(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 79)}…` : name;
  return JSON.stringify(short).replace(
    /[^\x20-\x7e…]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
