/** Drift of who signs: identities and keys, against those that somebody decided about. */
import type { Revision, SignerState } from '../baseline/revision.ts';
import type { SignatureFact } from '../facts/fact-set.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { compareTexts } from '../facts/plain-text.ts';
import { findNearest, type IdentityDifference, isSameSigner } from './compare-identity.ts';
import type { Difference } from './difference.ts';

/** Those of the verified signatures that are by somebody who was accepted, to the letter. */
export function selectAccepted(revision: Revision, verified: readonly SignatureFact[]): readonly SignatureFact[] {
  return verified.filter((signature) => stateOf(revision, signature) === 'accepted');
}

/** Whether anybody ever signed here who was accepted: who was only ever turned away does not count. */
export function hasSigners({ identities, keys }: Revision): boolean {
  return [...identities, ...keys].some(({ state }) => state !== 'rejected');
}

/** Those of whom nobody decided anything. */
export function selectStrangers(revision: Revision, verified: readonly SignatureFact[]): readonly SignatureFact[] {
  return verified.filter((signature) => stateOf(revision, signature) === undefined);
}

/** Names whoever is back after somebody decided against them, whoever else signs beside them. */
export function compareReturns(revision: Revision, verified: readonly SignatureFact[]): readonly Difference[] {
  return verified.flatMap((signature) => {
    const state = stateOf(revision, signature);
    return state === undefined || state === 'accepted' ? [] : [describeReturn(signature, state)];
  });
}

/** What is to be said of strangers, in a line that somebody answers for. */
export function compareStrangers(
  revision: Revision,
  verified: readonly SignatureFact[],
  vouched: ReadonlyMap<string, string> = new Map(),
): readonly Difference[] {
  const accepted = selectAccepted(revision, verified);
  // A root is vouched for by roots alone: whoever has a key below it may not put another root above.
  const isAccompanied = ({ kind }: SignatureFact) => accepted.some((one) => kind !== 'tuf' || one.kind === 'tuf');
  return selectStrangers(revision, verified).flatMap((signature) => {
    const voucher = vouched.get(nameSigner(signature));
    if (voucher !== undefined) return [describeVouched(signature, voucher)];
    return isAccompanied(signature) ? [describeExtra(signature)] : describeUnknown(revision, signature);
  });
}

/** What somebody decided about the signer. A decision about this very tuple goes before one about a tuple like it. */
function stateOf({ identities, keys }: Revision, { identity, key }: SignatureFact): SignerState | undefined {
  if (!identity) return worstOf(keys.filter(({ key: known }) => known === key));
  const text = encodeIdentity(identity);
  const exact = worstOf(identities.filter((known) => encodeIdentity(known.identity) === text));
  if (exact !== undefined) return exact;
  // Accepted is one tuple exactly; what was revoked stays so under a new name.
  return worstOf(
    identities.filter(({ state, identity: known }) => state !== 'accepted' && isSameSigner(known, identity)),
  );
}

/** What was taken back outweighs what was accepted. */
function worstOf(decisions: readonly { readonly state: SignerState }[]): SignerState | undefined {
  const states = decisions.map(({ state }) => state);
  return (['revoked', 'rejected', 'retired', 'accepted'] as const).find((state) => states.includes(state));
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

function describeVouched(signature: SignatureFact, voucher: string): Difference {
  return {
    ...{ kind: 'identity.vouched', before: [voucher], after: [nameSigner(signature)] },
    sentence: `it is signed by ${nameSigner(signature)}, for whom ${voucher} vouches`,
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
  // Those who may not sign any more still tell who is a stranger.
  const isKnown = ({ state }: { readonly state: SignerState }) => state !== 'rejected';
  const identities = revision.identities.filter(isKnown).map((known) => known.identity);
  const keys = revision.keys.filter(isKnown).map(({ key }) => key);
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

/** The signer in one line, as findings name it. */
export function nameSigner({ identity, key, kind }: SignatureFact): string {
  return identity ? nameIdentity(identity) : `the ${kind} key ${key ?? 'that nobody named'}`;
}

/** Everything of an identity that is compared, in one line and one order: it stands in the fingerprint. */
function nameIdentity(identity: Identity): string {
  const { issuer, subject, ...others } = identity;
  const claims = Object.entries(others)
    .sort(([left], [right]) => compareTexts(left, right))
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return `${subject} (${[`by ${issuer}`, ...claims].join(', ')})`;
}
