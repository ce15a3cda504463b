/** Public keys that stand in a policy by name, for signers without certificates. */
import { parsePemBlock } from '../asn1/pem.ts';
import { createSha256 } from '../bytes/sha256.ts';
import { TrustError } from '../errors.ts';
import type { SignableValue } from '../json/canonical.ts';
import { assertMembers, parseObject, parsePattern, parseString } from '../json/fields.ts';

import { parseSubjectKey, type SubjectKey } from '../keys/subject-key.ts';

/** A key that somebody keeps. */
export interface ManagedKey {
  readonly name: string;
  /** SHA-256 of the SubjectPublicKeyInfo, in hex. */
  readonly keyId: string;
  readonly subjectKey: SubjectKey;
}

const maxKeys = 64;
const maxPemCharacters = 4096;

/** Parses `[{name, public_key}]` with keys in PEM (SubjectPublicKeyInfo). Throws `malformed` and `algorithm_unsupported`. */
export function parseManagedKeys(value: SignableValue): readonly ManagedKey[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxKeys) {
    throw new TrustError('malformed', `expected keys to hold 1 to ${maxKeys} items`);
  }
  return value.map(parseManagedKey);
}

/** The id of a key, by which evidence names it. */
export function managedKeyId({ spki }: Pick<SubjectKey, 'spki'>): string {
  const hash = createSha256();
  hash.update(spki);
  return hash.digestHex();
}

function parseManagedKey(item: SignableValue): ManagedKey {
  const entry = parseObject(item, 'a key');
  assertMembers(entry, ['name', 'public_key'], 'a key');
  const pem = parseString(entry, 'public_key', maxPemCharacters);
  const subjectKey = parseSubjectKey(parsePemBlock(pem, 'PUBLIC KEY', maxPemCharacters));
  const name = parsePattern(entry, 'name', /^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$/, 'a short name');
  return { name, keyId: managedKeyId(subjectKey), subjectKey };
}
