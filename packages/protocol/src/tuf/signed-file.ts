/** Signed metadata files (TUF 1.0.34, 4.2): the envelope, and what every payload begins with. */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { encodeOlpc } from '../json/olpc.ts';
import { parseOlpc } from '../json/parse.ts';

/** What a file is. Delegated roles are `targets`, too. */
export type MetadataType = 'root' | 'timestamp' | 'snapshot' | 'targets';

/** What every payload holds. */
export interface Payload {
  readonly version: number;
  /** Unix milliseconds. */
  readonly expires: number;
}

/** A file that nobody has verified yet. `verifyThreshold` gives its payload out as verified. */
export interface SignedFile<T extends Payload> {
  readonly unverified: T;
  /** What is signed: the payload with all its members, unknown ones too, in OLPC canonical JSON. */
  readonly message: Uint8Array<ArrayBuffer>;
  /** Signatures in hexadecimal by key id; empty ones stand for keys that have not signed yet. */
  readonly signatures: ReadonlyMap<string, string>;
}

/** What a payload is read with. */
export interface Format<T extends Payload> {
  readonly type: MetadataType;
  readonly parse: (signed: SignableObject, common: Payload) => T;
}

const maxSignatures = 1024;
const maxTextCharacters = 8192;

/**
 * Parses a file of at most `limitBytes`. Unknown members are left aside, and signed all the same. Throws `too_large`, `malformed`,
 * `not_canonical`, and `metadata_mismatch` for another type.
 */
export function parseSignedFile<T extends Payload>(
  bytes: Uint8Array,
  format: Format<T>,
  limitBytes: number,
): SignedFile<T> {
  const file = parseObject(parseOlpc(bytes, limitBytes), 'the metadata');
  const signed = parseObject(file.signed, 'signed');
  assertType(signed, format.type);
  // 4.3: a version is three numbers; only the first one says whether we understand the rest.
  parsePattern(signed, 'spec_version', /^1(?:\.\d{1,9}){1,2}$/, 'a version 1 of the specification');
  const common = { version: parseInteger(signed, 'version', 1), expires: parseTime(signed, 'expires') };
  return {
    unverified: format.parse(signed, common),
    message: encodeOlpc(signed),
    signatures: parseSignatures(file),
  };
}

function assertType(signed: SignableObject, expected: MetadataType): void {
  const type = parseString(signed, '_type', 100);
  if (type !== expected) {
    throw new TrustError('metadata_mismatch', `expected ${expected} metadata, got ${JSON.stringify(type)}`);
  }
}

function parseSignatures(file: SignableObject): ReadonlyMap<string, string> {
  const entries = parseArray(file, 'signatures');
  if (entries.length > maxSignatures) {
    throw new TrustError('too_large', `expected at most ${maxSignatures} signatures, got ${entries.length}`);
  }
  const signatures = new Map<string, string>();
  for (const entry of entries) {
    const signature = parseObject(entry, 'a signature');
    const keyId = parseString(signature, 'keyid');
    // 4.2.1: "The keyid MUST be unique in the signatures array".
    if (signatures.has(keyId)) throw new TrustError('malformed', 'expected one signature for each key id');
    signatures.set(keyId, parseString(signature, 'sig', maxTextCharacters));
  }
  return signatures;
}

/** The member `name` as an array of at most `limit` strings. Throws `malformed` and `too_large`. */
export function parseTexts(object: SignableObject, name: string, limit: number): readonly string[] {
  const items = parseArray(object, name);
  if (items.length > limit) throw new TrustError('too_large', `expected at most ${limit} ${name}, got ${items.length}`);
  return items.map((item) => parseString({ item }, 'item', maxTextCharacters));
}

/** The members of the object `name`, at most `limit`, each read by `parse`. Throws `malformed` and `too_large`. */
export function parseMap<T>(
  object: SignableObject,
  name: string,
  { limit, parse }: { readonly limit: number; readonly parse: (value: SignableValue | undefined, key: string) => T },
): ReadonlyMap<string, T> {
  const entries = Object.entries(parseObject(object[name], name));
  if (entries.length > limit)
    throw new TrustError('too_large', `expected at most ${limit} ${name}, got ${entries.length}`);
  return new Map(entries.map(([key, value]) => [key, parse(value, key)]));
}
