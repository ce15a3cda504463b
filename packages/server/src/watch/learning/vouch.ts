/** Who is accepted because a known signer vouches for them (docs/watch.md): one pure function. */
import type { Revision } from '../baseline/revision.ts';
import { selectAccepted, selectStrangers } from '../drift/signers.ts';
import type { FactSet, SignatureFact, VouchFact } from '../facts/fact-set.ts';
import { encodeIdentity } from '../facts/identity.ts';
import type { Decision } from './decision.ts';

/** What is looked at. */
export interface VouchQuestion {
  /** In force before this look: who is accepted by it alone vouches for others, and nobody whom this look brings. */
  readonly revision: Revision;
  /** Of all lines of the source until now. */
  readonly decisions: readonly Decision[];
  /** Of the artifacts that were seen now. */
  readonly facts: readonly FactSet[];
  /** Statements that people handed in. */
  readonly handedIn: readonly VouchFact[];
  /** The source's key and the line's name. */
  readonly source: string;
  readonly line: string;
  /** Unix ms. */
  readonly at: number;
}

/** A signer who is accepted now, and by whose word. */
export interface Vouched {
  readonly signature: SignatureFact;
  readonly by: VouchFact['by'];
  /** Unix ms. */
  readonly until: number;
}

/**
 * Strangers for whom an accepted signer of an established line vouches, in this source and line and at this time. Nobody who was turned away
 * is among them, and nobody vouches who is accepted by a word that is still running.
 */
export function selectVouched(question: VouchQuestion): readonly Vouched[] {
  const { revision, decisions, facts, handedIn, source, line, at } = question;
  if (revision.state !== 'established' && revision.state !== 'declared') return [];
  const vouches = [...handedIn, ...facts.flatMap((one) => one.vouches ?? [])]
    .filter(({ vouch }) => vouch.source === source && (vouch.line === undefined || vouch.line === line))
    .filter(({ vouch }) => vouch.from <= at && at < vouch.to)
    .filter(({ by }) => isAccepted(revision, by) && !isVouchedFor(decisions, by, at));
  const verified = facts.flatMap(({ signatures }) =>
    signatures === 'unknown' ? [] : signatures.filter(({ outcome }) => outcome === 'verified'),
  );
  return selectStrangers(revision, verified).flatMap((signature) => {
    const found = vouches.find(({ vouch }) => isMeant(vouch.signer, signature));
    return found ? [{ signature, by: found.by, until: found.vouch.to }] : [];
  });
}

/** Whether the one who vouches is accepted by a revision. */
export function isAccepted(revision: Revision, by: VouchFact['by']): boolean {
  const signature = { kind: 'key', format: 'bundle', outcome: 'verified', transparency: 'none', ...by } as const;
  return selectAccepted(revision, [signature]).length > 0;
}

/** Whether they are accepted by somebody's word whose window is still open: chains would let one word let in any number. */
function isVouchedFor(decisions: readonly Decision[], { identity, key }: VouchFact['by'], at: number): boolean {
  return decisions.some(
    (decision) =>
      decision.kind === 'accept' &&
      (decision.vouchedUntil ?? at) > at &&
      (identity
        ? decision.identities.some((one) => encodeIdentity(one) === encodeIdentity(identity))
        : key !== undefined && decision.keys.includes(key)),
  );
}

/** By every claim that is named. Pull requests are meant by nobody who does not say so. */
function isMeant(signer: VouchFact['vouch']['signer'], { identity, key }: SignatureFact): boolean {
  if ('key' in signer) return identity === undefined && key === signer.key;
  if (!identity || (identity.refType === 'pull-request' && signer.refType === undefined)) return false;
  return Object.entries(signer).every(([claim, value]) => identity[claim as keyof typeof identity] === value);
}
