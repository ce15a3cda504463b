/** Keys that others have computed before, such as Debian's of CVE-2008-0166: lists that the operator names, in the form of `openssl-blacklist`. */
import { hash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import type { SubjectKey } from '@signpost/protocol/keys/subject-key';
import { Refusal } from '../../errors.ts';

/** The rule that a known key breaks, as the lint calls it. */
export const knownWeakRule = 'key-known-weak';

/** The last 80 bits of a SHA-1. */
const entryBytes = 10;
/** All of Debian's lists together have 20 MB. */
const maxBytes = 256 * 1024 * 1024;
const maxLineBytes = 1024;

/** RSA keys by their entries, those that begin with the same two octets side by side: ten octets a key, and nothing to parse. */
export class WeakKeys {
  /** How many there are. */
  readonly count: number;
  readonly #entries: Uint8Array;
  /** Where the entries of each beginning stand, in entries. */
  readonly #starts: Uint32Array;

  /** `entries` are ten octets each, in any order. */
  constructor(entries: Uint8Array = new Uint8Array()) {
    this.count = entries.length / entryBytes;
    this.#starts = countBeginnings(entries);
    this.#entries = sortByBeginning(entries, this.#starts);
  }

  /** Whether a list names the key. Lists are of RSA keys: no other is ever on one. */
  has(key: SubjectKey): boolean {
    if (this.count === 0 || key.kind !== 'rsa') return false;
    const wanted = hashModulus(key.modulus);
    const beginning = beginningAt(wanted, 0);
    for (let at = this.#starts[beginning] ?? 0; at < (this.#starts[beginning + 1] ?? 0); at++) {
      if (isEntry(this.#entries, at * entryBytes, wanted)) return true;
    }
    return false;
  }
}

/** Throws `invalid`, rule `key-known-weak`, for a key that a list names. */
export function assertNotWeak(weakKeys: WeakKeys, key: SubjectKey): void {
  if (!weakKeys.has(key)) return;
  throw new Refusal('invalid', 'this key is on a list of keys whose private half is known', {
    rule: knownWeakRule,
    hint: 'make a new key, by a generator of today',
  });
}

/** As `openssl rsa -noout -modulus | sha1sum` has it, without the first ten of its octets. */
function hashModulus(modulus: Uint8Array): Uint8Array {
  const hex = encodeHex(modulus).toUpperCase().replace(/^0+/, '');
  return hash('sha1', `Modulus=${hex}\n`, 'buffer').subarray(20 - entryBytes);
}

function beginningAt(entries: Uint8Array, at: number): number {
  return (entries[at] ?? 0) * 256 + (entries[at + 1] ?? 0);
}

function isEntry(entries: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < entryBytes; index++) if (entries[at + index] !== wanted[index]) return false;
  return true;
}

function countBeginnings(entries: Uint8Array): Uint32Array {
  const starts = new Uint32Array(65_537);
  for (let at = 0; at < entries.length; at += entryBytes) {
    const next = beginningAt(entries, at) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let index = 1; index < starts.length; index++) starts[index] = (starts[index] ?? 0) + (starts[index - 1] ?? 0);
  return starts;
}

function sortByBeginning(entries: Uint8Array, starts: Uint32Array): Uint8Array {
  const sorted = new Uint8Array(entries.length);
  const free = starts.slice();
  for (let at = 0; at < entries.length; at += entryBytes) {
    const beginning = beginningAt(entries, at);
    const place = free[beginning] ?? 0;
    sorted.set(entries.subarray(at, at + entryBytes), place * entryBytes);
    free[beginning] = place + 1;
  }
  return sorted;
}

/**
 * Reads lists from files, and from all files of folders but hidden ones. Throws `unavailable`, rule `weak-keys`, for what cannot be
 * read, has more than 256 MiB in all, names no key, or has a line that is no entry: a list that is half read would let keys through.
 */
export async function readWeakKeys(paths: readonly string[]): Promise<WeakKeys> {
  const files = (await Promise.all(paths.map(listFiles))).flat();
  const parts: Uint8Array[] = [];
  let left = maxBytes;
  for (const file of files) {
    const text = await readWithin(file, left);
    left -= text.length;
    parts.push(parseWeakKeys(text, file));
  }
  return new WeakKeys(new Uint8Array(Buffer.concat(parts)));
}

async function listFiles(path: string): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      throw refuse(`expected a list of weak keys, or a folder of lists, at ${path}`, cause);
    },
  );
  if (!isFolder) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  if (names.length === 0) throw refuse(`expected lists of weak keys in ${path}, got an empty folder`);
  return names.sort().map((name) => join(path, name));
}

async function readWithin(file: string, limit: number): Promise<Buffer> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size <= limit) return await handle.readFile();
  } catch (cause) {
    throw refuse(`expected a list of weak keys at ${file}`, cause);
  }
  throw refuse(`expected lists of weak keys of at most ${maxBytes / 1024 ** 2} MiB in all, got more with ${file}`);
}

/** The entries of one list, ten octets each: lines of 20 hex digits, empty ones, and comments behind `#`. Throws as `readWeakKeys` does. */
export function parseWeakKeys(text: Uint8Array, name: string): Uint8Array {
  // No entry has fewer than 20 digits.
  const entries = new Uint8Array(Math.floor((text.length + 1) / (2 * entryBytes)) * entryBytes);
  let [count, line] = [0, 0];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf(0x0a, start);
    const end = found === -1 ? text.length : found;
    line += 1;
    if (readEntry(text, [start, end], entries.subarray(count))) count += entryBytes;
    else if (!isRemark(text, [start, end])) throw refuse(`expected 20 hex digits in line ${line} of ${name}`);
    start = end + 1;
  }
  if (count === 0) throw refuse(`expected weak keys in ${name}, got none`);
  return entries.subarray(0, count);
}

type Line = readonly [start: number, end: number];

/** Writes the octets of a line of 20 hex digits into `target`; false when it is another one. */
function readEntry(text: Uint8Array, [start, end]: Line, target: Uint8Array): boolean {
  if (end - start !== 2 * entryBytes) return false;
  for (let index = 0; index < entryBytes; index++) {
    const octet = digitAt(text, start + 2 * index) * 16 + digitAt(text, start + 2 * index + 1);
    if (Number.isNaN(octet)) return false;
    target[index] = octet;
  }
  return true;
}

function digitAt(text: Uint8Array, at: number): number {
  const unit = text[at] ?? 0;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

/** Whether nothing but a comment and space stands in the line. */
function isRemark(text: Uint8Array, [start, end]: Line): boolean {
  if (end - start > maxLineBytes) return false;
  return /^\s*(?:#.*)?$/.test(Buffer.from(text.subarray(start, end)).toString('latin1'));
}

function refuse(message: string, cause?: unknown): Refusal {
  return new Refusal('unavailable', message, {
    rule: 'weak-keys',
    hint: 'SIGNPOST_WEAK_KEYS names lists as in the package openssl-blacklist; without the setting none is read',
    cause,
  });
}
