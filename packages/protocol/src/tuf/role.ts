/** Roles: which keys may sign, and how many must (TUF 1.0.34, 4.3 and 5.3.4). */
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseInteger, parseObject } from '../json/fields.ts';
import { findSigner, parseKey, type TufKey } from './key.ts';
import { type Payload, parseMap, parseTexts, type SignedFile } from './signed-file.ts';

/** Keys by their id. */
export type KeyMap = ReadonlyMap<string, TufKey>;

/** Who signs for a role. The threshold may be out of reach: then nothing verifies. */
export interface Role {
  readonly keyIds: readonly string[];
  readonly threshold: number;
}

/** A role together with the keys that its ids stand for, as one delegator names them. */
export interface Signers {
  readonly name: string;
  readonly role: Role;
  readonly keys: KeyMap;
}

const maxKeys = 4096;
/** Bounds the signatures that are verified for one file. */
const maxRoleKeys = 256;

/** The member `keys`. Throws `malformed` and `too_large`. */
export function parseKeys(object: SignableObject): KeyMap {
  return parseMap(object, 'keys', { limit: maxKeys, parse: parseKey });
}

/** A role. Throws `malformed`, also for a key id named twice, and `too_large`. */
export function parseRole(value: SignableObject[string], name: string): Role {
  const role = parseObject(value, name);
  const keyIds = parseTexts(role, 'keyids', maxRoleKeys);
  if (new Set(keyIds).size !== keyIds.length) {
    throw new TrustError('malformed', `expected each key id of ${name} once`);
  }
  return { keyIds, threshold: parseInteger(role, 'threshold', 1) };
}

/**
 * The payload of `file`, now that enough keys of the role have signed it; a key that goes by several ids counts once. Throws
 * `bad_signature`.
 */
export async function verifyThreshold<T extends Payload>(file: SignedFile<T>, signers: Signers): Promise<T> {
  const { name, role, keys } = signers;
  const found = new Set<string>();
  for (const keyId of role.keyIds) {
    const key = keys.get(keyId);
    const signature = file.signatures.get(keyId);
    if (!key || !signature) continue;
    const signer = await findSigner(key, signature, file.message);
    if (signer !== undefined) found.add(signer);
    if (found.size >= role.threshold) return file.unverified;
  }
  throw new TrustError('bad_signature', `expected ${name} to be signed by ${role.threshold} keys, got ${found.size}`);
}
