/** Drift of who signs: identities and keys, against those that somebody decided about. */
import type { Revision, SignerState } from '../baseline/revision.ts';
import type { SignatureFact } from '../facts/fact-set.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { findNearest, type IdentityDifference, isSameSigner } from './compare-identity.ts';
import type { Difference } from './difference.ts';

/** Whether one of the verified signatures is by somebody who was accepted, to the letter. */
export function hasAcceptedSigner(revision: Revision, verified: readonly SignatureFact[]): boolean {
  return verified.some((signature) => stateOf(revision, signature) === 'accepted');
}

/** What is to be said of the signers. Whoever was revoked is named, whoever else signs beside them. */
export function compareSigners(revision: Revision, verified: readonly SignatureFact[]): readonly Difference[] {
  const isAccompanied = hasAcceptedSigner(revision, verified);
  return verified.flatMap((signature) => {
    const state = stateOf(revision, signature);
    if (state === 'accepted') return [];
    if (state !== undefined) return [describeReturn(signature, state)];
    return isAccompanied ? [describeExtra(signature)] : describeUnknown(revision, signature);
  });
}

/** What somebody decided about the signer; what was taken back outweighs what was accepted. */
function stateOf({ identities, keys }: Revision, { identity, key }: SignatureFact): SignerState | undefined {
  const states = identity
    ? identities.filter(({ identity: known, state }) => isDecided(known, identity, state)).map(({ state }) => state)
    : keys.filter(({ key: known }) => known === key).map(({ state }) => state);
  return (['revoked', 'rejected', 'retired', 'accepted'] as const).find((state) => states.includes(state));
}

/** Accepted is one tuple exactly; what was revoked stays so under a new name. */
function isDecided(known: Identity, seen: Identity, state: SignerState): boolean {
  return state === 'accepted' ? encodeIdentity(known) === encodeIdentity(seen) : isSameSigner(known, seen);
}

function describeReturn(signature: SignatureFact, state: Exclude<SignerState, 'accepted'>): Difference {
  const suffix = state === 'retired' ? 'retired_seen' : 'revoked_seen';
  return {
    kind: signature.identity ? `identity.${suffix}` : `key.${suffix}`,
    before: [state],
    after: [nameSigner(signature)],
    sentence: `it is signed by ${nameSigner(signature)}, whom somebody ${state} here`,
  };
}

function describeExtra(signature: SignatureFact): Difference {
  return {
    ...{ kind: 'identity.extra', before: [], after: [nameSigner(signature)] },
    sentence: `beside a known signer ${nameSigner(signature)} has signed it`,
  };
}

function describeUnknown(revision: Revision, signature: SignatureFact): readonly Difference[] {
  const { identity } = signature;
  const identities = revision.identities.filter(({ state }) => state === 'accepted').map((known) => known.identity);
  const keys = revision.keys.filter(({ state }) => state === 'accepted').map(({ key }) => key);
  // A line without any signer has no evidence yet: that is told by itself.
  if (identities.length + keys.length === 0) return [];
  if (!identity) return [describeNewKey(signature, [...keys, ...identities.map(nameIdentity)])];
  const found = findNearest(identities, identity);
  if (!found) return [describeNewIdentity(signature, keys)];
  if (found.difference === 'same') return [];
  return [describeDifference(found.nearest, identity, found.difference)];
}

function describeNewKey(signature: SignatureFact, before: readonly string[]): Difference {
  return {
    ...{ kind: 'key.new', before, after: [nameSigner(signature)] },
    sentence: `it is signed by ${nameSigner(signature)}, which signed nothing of this line before`,
  };
}

/** A line that was signed by keys has no identity to compare with. */
function describeNewIdentity(signature: SignatureFact, before: readonly string[]): Difference {
  return {
    ...{ kind: 'identity.new_issuer', before, after: [nameSigner(signature)] },
    sentence: `it is signed by ${nameSigner(signature)}, where keys have signed before`,
  };
}

function describeDifference(known: Identity, seen: Identity, kind: Exclude<IdentityDifference, 'same'>): Difference {
  return {
    ...{ kind, before: [nameIdentity(known)], after: [nameIdentity(seen)] },
    sentence: `it is signed by ${nameIdentity(seen)}, the nearest that is known is ${nameIdentity(known)}`,
    // What anybody may open a pull request for must not pass for a release.
    ...(kind === 'identity.new_ref_type' && seen.refType === 'pull-request' && { shift: 1 }),
  };
}

function nameSigner({ identity, key, kind }: SignatureFact): string {
  return identity ? nameIdentity(identity) : `the ${kind} key ${key ?? 'that nobody named'}`;
}

/** Everything of an identity that is compared, in one line. */
function nameIdentity(identity: Identity): string {
  const { issuer, subject, ...others } = identity;
  const claims = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return `${subject} (${[`by ${issuer}`, ...claims].join(', ')})`;
}
