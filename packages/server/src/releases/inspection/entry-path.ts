/** Names inside archives: only what every system writes to the same place, inside the target folder, is taken. */
import { maxEntries } from './budget.ts';
import { quoteName, refuse } from './rules.ts';

const maxPathBytes = 1024;
const maxPartBytes = 255;
const maxParts = 64;

/** C0, DEL, C1, line and paragraph separators, and what changes the direction of text (Trojan Source). */
const forbiddenCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Devices on Windows, with any extension; superscript digits count there too. */
const reservedName = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/i;

/** A file or a directory. */
export type EntryKind = 'file' | 'directory';

/** Decodes a name. Throws `path-encoding` unless it is UTF-8. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return refuse('path-encoding', 'expected a name in UTF-8', cause);
  }
}

/** The parts of a path without its trailing slash. Throws the rule that it breaks. */
export function parseEntryPath(path: string): string[] {
  if (path === '') refuse('path-empty', 'expected a name, got an empty one');
  if (Buffer.byteLength(path) > maxPathBytes)
    refuse('path-too-long', `expected at most ${maxPathBytes} bytes: ${quoteName(path)}`);
  assertContained(path);
  const parts = (path.endsWith('/') ? path.slice(0, -1) : path).split('/');
  if (parts.length > maxParts) refuse('path-too-long', `expected at most ${maxParts} parts: ${quoteName(path)}`);
  for (const part of parts) assertPart(part, path);
  return parts;
}

/**
 * Throws the rule that a name breaks which leads out of the target folder on some system. All that is asked of a name that
 * programs use only when they cannot read the longer one, and that may be cut off anywhere.
 */
export function assertContained(path: string): void {
  if (forbiddenCharacter.test(path))
    refuse('path-control-character', `expected printable characters: ${quoteName(path)}`);
  if (path.includes('\\')) refuse('path-backslash', `expected no backslash: ${quoteName(path)}`);
  if (path.startsWith('/')) refuse('path-absolute', `expected a relative path: ${quoteName(path)}`);
  if (path.includes(':')) refuse('path-colon', `expected no colon: ${quoteName(path)}`);
  if (path.split('/').includes('..')) refuse('path-traversal', `expected no ".." in a path: ${quoteName(path)}`);
}

function assertPart(part: string, path: string): void {
  if (part === '' || part === '.' || part === '..')
    refuse('path-traversal', `expected no "${part}" in a path: ${quoteName(path)}`);
  if (Buffer.byteLength(part) > maxPartBytes)
    refuse('path-too-long', `expected at most ${maxPartBytes} bytes a part: ${quoteName(path)}`);
  if (part.endsWith('.') || part.endsWith(' '))
    refuse('path-trailing-dot', `expected no dot or space at the end: ${quoteName(path)}`);
  if (reservedName.test(part)) refuse('path-reserved-name', `expected no name of a device: ${quoteName(path)}`);
}

interface KnownPath {
  readonly kind: EntryKind;
  readonly spelling: string;
  /** Whether an entry names it, or it only stands above one. */
  listed: boolean;
}

/** All paths of one archive, so that no two meet on a file system that ignores case, accents' form or invisible characters. */
export class PathSet {
  readonly #entries = new Map<string, KnownPath>();

  /** Adds an entry and the directories above it. Throws `path-duplicate` or `path-conflict`. */
  add(path: string, kind: EntryKind): void {
    const parts = parseEntryPath(path);
    for (let depth = 1; depth < parts.length; depth++)
      this.#addPart(parts.slice(0, depth).join('/'), 'directory', false);
    this.#addPart(parts.join('/'), kind, true);
  }

  #addPart(spelling: string, kind: EntryKind, listed: boolean): void {
    const key = foldPath(spelling);
    const known = this.#entries.get(key);
    if (!known) {
      this.#insert(key, { kind, spelling, listed });
      return;
    }
    if (known.kind !== kind)
      refuse('path-conflict', `expected a file or a directory, got both: ${quoteName(spelling)}`);
    if (known.spelling !== spelling)
      refuse('path-duplicate', `${quoteName(spelling)} meets ${quoteName(known.spelling)}`);
    if (known.listed && listed) refuse('path-duplicate', `expected each name once: ${quoteName(spelling)}`);
    known.listed ||= listed;
  }

  /** Directories that are only implied cost memory too. */
  #insert(key: string, entry: KnownPath): void {
    if (this.#entries.size >= 2 * maxEntries)
      refuse('archive-too-many-entries', `expected at most ${2 * maxEntries} paths`);
    this.#entries.set(key, entry);
  }
}

/** Upper case first, because only that joins ß with ss; the invisible characters (Cf) are what HFS+ ignores. */
function foldPath(path: string): string {
  // Nearly all names are ASCII, where one step does the same.
  if (/^[\x20-\x7e]*$/.test(path)) return path.toLowerCase();
  return path
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')
    .replace(/\p{Cf}/gu, '');
}
