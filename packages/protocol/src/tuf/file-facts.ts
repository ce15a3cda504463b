/** What metadata says of other files: version, length and hashes (TUF 1.0.34, 4.4 to 4.6). */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseInteger, parseObject, parseString } from '../json/fields.ts';
import { parseMap } from './signed-file.ts';

/** Digests by the name of their algorithm; names that we do not know may stand among them. */
export type Hashes = ReadonlyMap<string, string>;

/** What is said of the bytes of a file. */
export interface ByteFacts {
  readonly length: number | undefined;
  readonly hashes: Hashes | undefined;
}

/** What timestamp and snapshot say of a metadata file. */
export interface MetaFile extends ByteFacts {
  readonly version: number;
}

const maxMetaFiles = 1_000_000;
const maxHashes = 16;
const algorithms: Readonly<Record<string, string>> = { sha256: 'SHA-256', sha512: 'SHA-512' };

/** The member `meta` of timestamp or snapshot. Throws `malformed` and `too_large`. */
export function parseMeta(signed: SignableObject): ReadonlyMap<string, MetaFile> {
  return parseMap(signed, 'meta', { limit: maxMetaFiles, parse: parseMetaFile });
}

function parseMetaFile(value: SignableObject[string], name: string): MetaFile {
  const entry = parseObject(value, JSON.stringify(name));
  return {
    version: parseInteger(entry, 'version', 1),
    length: entry.length === undefined ? undefined : parseInteger(entry, 'length', 0),
    hashes: entry.hashes === undefined ? undefined : parseHashes(entry),
  };
}

/** The member `hashes`: at least one. Throws `malformed` and `too_large`. */
export function parseHashes(entry: SignableObject): Hashes {
  const hashes = parseMap(entry, 'hashes', {
    limit: maxHashes,
    parse: (value) => parseString({ digest: value }, 'digest'),
  });
  if (hashes.size === 0) throw new TrustError('malformed', 'expected at least one hash');
  return hashes;
}

/** The digests whose algorithm we know. Throws `algorithm_unsupported` when there is none. */
export function selectKnownHashes(hashes: Hashes): readonly { readonly name: string; readonly digest: string }[] {
  const known = Object.keys(algorithms).flatMap((name) => {
    const digest = hashes.get(name);
    return digest === undefined ? [] : [{ name, digest }];
  });
  if (known.length === 0) throw new TrustError('algorithm_unsupported', 'expected a hash of sha256 or sha512');
  return known;
}

/** Throws `size_mismatch` or `digest_mismatch` unless `bytes` are what `facts` say, by every hash that we know. */
export async function verifyBytes(bytes: Uint8Array<ArrayBuffer>, facts: ByteFacts, name: string): Promise<void> {
  if (facts.length !== undefined && bytes.length !== facts.length) {
    throw new TrustError('size_mismatch', `expected ${name} to have ${facts.length} bytes, got ${bytes.length}`);
  }
  for (const { name: hash, digest } of facts.hashes ? selectKnownHashes(facts.hashes) : []) {
    const actual = await digestHex(hash, bytes);
    if (actual !== digest) {
      throw new TrustError('digest_mismatch', `expected ${hash} of ${name} to be ${digest}, got ${actual}`);
    }
  }
}

/** The lower-case hex digest of `bytes`, by a name such as `sha256`. */
export async function digestHex(hash: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const name = algorithms[hash];
  if (name === undefined) throw new TypeError('expected sha256 or sha512');
  return encodeHex(new Uint8Array(await globalThis.crypto.subtle.digest(name, bytes)));
}
