/** Lists of keys whose private half is known, in the form of Debian's `openssl-blacklist` (docs/operations.md): one key is looked for in them. */
import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import type { SubjectKey } from '@signpost/protocol/keys/subject-key';
import { Failure } from '../terminal/failure.ts';

/**
 * Throws Failure for a key that one of the lists names: files, or folders of files. So it does for a list that cannot be read, or that has a line that is
 * no entry: one that is half read would let keys through.
 */
export async function assertNotListed(paths: readonly string[], key: SubjectKey): Promise<void> {
  const wanted = key.kind === 'rsa' ? encodeEntry(key.modulus) : undefined;
  for (const file of (await Promise.all(paths.map(listFiles))).flat()) {
    if (!(await isEntryOf(file, wanted))) continue;
    throw new Failure('refused', `the key of this request is on the list ${file}: others have its private half`, {
      hint: 'have a new key made, by a generator of today',
    });
  }
}

/** As `openssl rsa -noout -modulus | sha1sum | cut -c 21-40` has it. */
function encodeEntry(modulus: Uint8Array): string {
  const hex = encodeHex(modulus).toUpperCase().replace(/^0+/, '');
  return createHash('sha1').update(`Modulus=${hex}\n`).digest('hex').slice(20);
}

async function listFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  if (names.length === 0) throw new Failure('refused', `expected lists of weak keys in ${path}, got an empty folder`);
  return names.sort().map((name) => join(path, name));
}

/** Reads the list to its end, whatever is found: a damaged one counts for nothing. */
async function isEntryOf(file: string, wanted: string | undefined): Promise<boolean> {
  await using handle = await open(file);
  let [line, entries, isFound] = [0, 0, false];
  for await (const text of handle.readLines()) {
    line += 1;
    if (/^[0-9a-f]{20}$/i.test(text)) {
      entries += 1;
      if (text.toLowerCase() === wanted) isFound = true;
    } else if (!/^\s*(?:#.*)?$/.test(text)) {
      throw new Failure('refused', `expected 20 hex digits in line ${line} of ${file}`);
    }
  }
  if (entries === 0) throw new Failure('refused', `expected weak keys in ${file}, got none`);
  return isFound;
}
