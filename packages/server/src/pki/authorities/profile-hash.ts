/** With which hash an authority signs: the one that the profile names for its type of key, or the one that is as strong as the key. */
import type { KeyType } from '@signpost/protocol/keys/key-type';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import { formatKeyLabel } from '../profiles/key-label.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Issuer } from './issuer.ts';
import type { AuthoritySigner } from './node-signer.ts';

/** The signer as it signs by the profile; the same one where the profile names no hash for its type of key. */
export function signByProfile(signer: AuthoritySigner, profile: Pick<Profile, 'hash'>): AuthoritySigner {
  const hash = findOther(signer, profile);
  return hash === undefined ? signer : signer.withHash(hash);
}

/** The issuer as it signs by the profile: one for each hash, so that what is signed together finds it there. */
export function issueByProfile(issuer: Issuer, profile: Pick<Profile, 'hash'>): Issuer {
  const hash = findOther(issuer.signer, profile);
  if (hash === undefined) return issuer;
  const kept = issuersByHash.get(issuer) ?? new Map<HashName, Issuer>();
  const found = kept.get(hash) ?? { ...issuer, signer: issuer.signer.withHash(hash) };
  issuersByHash.set(issuer, kept.set(hash, found));
  return found;
}

const issuersByHash = new WeakMap<Issuer, Map<HashName, Issuer>>();

/** `undefined` also where it is the hash that the signer has. */
function findOther({ algorithm, subjectKey }: AuthoritySigner, profile: Pick<Profile, 'hash'>): HashName | undefined {
  // Of most profiles nothing more is asked: this is done for each certificate.
  if (profile.hash === undefined || algorithm.kind === 'ed25519') return undefined;
  const found = findHash(subjectKey, profile);
  return found === algorithm.hash ? undefined : found;
}

/** The hash that the profile names for an issuer's key of that type. */
export function findHash(key: KeyType, { hash = {} }: Pick<Profile, 'hash'>): HashName | undefined {
  return Object.entries(hash).find(([label]) => label === formatKeyLabel(key))?.[1];
}
