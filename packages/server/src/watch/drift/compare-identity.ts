/** How an identity differs from one that was accepted: by the first thing that tells two signers apart. */
import { encodeIdentity, type Identity } from '../facts/identity.ts';

/** From the least to the most. `same`: it is that one. */
const identityDifferences = [
  'same',
  'identity.renamed',
  'identity.context_changed',
  'identity.new_ref_type',
  'identity.new_workflow',
  'identity.new_repo',
  'identity.id_changed',
  'identity.new_owner',
  'identity.new_issuer',
] as const;

/** What tells two identities apart. */
export type IdentityDifference = (typeof identityDifferences)[number];

/** The least difference of `seen` from any of `known`, and from which; `undefined` when there is none to compare with. */
export function findNearest(
  known: readonly Identity[],
  seen: Identity,
): { readonly nearest: Identity; readonly difference: IdentityDifference } | undefined {
  const rank = ({ difference }: { difference: IdentityDifference }) => identityDifferences.indexOf(difference);
  return known
    .map((nearest) => ({ nearest, difference: compareIdentities(nearest, seen) }))
    .sort((left, right) => rank(left) - rank(right) || compareTexts(left.nearest, right.nearest))[0];
}

/** Of two that are as near, always the same one: it stands in the fingerprint. */
function compareTexts(left: Identity, right: Identity): number {
  return encodeIdentity(left) < encodeIdentity(right) ? -1 : 1;
}

/** Whether a signer that a person decided about is this one: neither a new name nor another runner makes it another. */
export function isSameSigner(known: Identity, seen: Identity): boolean {
  return ['same', 'identity.renamed', 'identity.context_changed'].includes(compareIdentities(known, seen));
}

/** What tells `seen` from `known`, the gravest first. */
function compareIdentities(known: Identity, seen: Identity): IdentityDifference {
  if (known.issuer !== seen.issuer) return 'identity.new_issuer';
  const owner = compareNumbered([known.ownerId, known.owner], [seen.ownerId, seen.owner]);
  if (owner === 'other') return 'identity.new_owner';
  const repository = compareNumbered([known.repositoryId, known.repository], [seen.repositoryId, seen.repository]);
  if (owner === 'other-number' || repository === 'other-number') return 'identity.id_changed';
  if (repository === 'other') return 'identity.new_repo';
  // Without a repository the subject is a person or an account.
  if (known.repository === undefined && known.subject !== seen.subject) return 'identity.new_owner';
  if (!isSameWorkflow(known, seen)) return 'identity.new_workflow';
  if (known.refType !== seen.refType) return 'identity.new_ref_type';
  if (known.trigger !== seen.trigger || known.runner !== seen.runner || known.visibility !== seen.visibility) {
    return 'identity.context_changed';
  }
  return owner === 'renamed' || repository === 'renamed' ? 'identity.renamed' : 'same';
}

type NumberedName = readonly [number: string | undefined, name: string | undefined];

/** Numbers decide where both have one: a name can be given away, and then somebody else has it. */
function compareNumbered(known: NumberedName, seen: NumberedName): 'same' | 'renamed' | 'other-number' | 'other' {
  const hasSameName = known[1] === seen[1];
  // A number that is missing in what is seen would let whoever leaves it out pass for the known one.
  if (known[0] !== undefined && known[0] !== seen[0]) return hasSameName ? 'other-number' : 'other';
  if (hasSameName) return 'same';
  return known[0] === undefined ? 'other' : 'renamed';
}

/** The paths of workflow and subject, without the repository that they stand in when it is the identity's own. */
function isSameWorkflow(known: Identity, seen: Identity): boolean {
  const [left, right] = [known, seen].map((identity) => [
    withoutRepository(identity.workflow, identity),
    withoutRepository(identity.subject, identity),
  ]);
  return JSON.stringify(left) === JSON.stringify(right);
}

function withoutRepository(text: string | undefined, { repository }: Identity): string | undefined {
  const prefix = `${repository ?? ''}/`;
  return text?.startsWith(prefix) ? text.slice(prefix.length - 1) : text;
}
