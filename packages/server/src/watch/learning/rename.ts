/** A rename that proves itself: the platform's numbers are the same, only names differ. */
import type { Revision } from '../baseline/revision.ts';
import { findNearest, isSameSigner } from '../drift/compare-identity.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { applyDecision } from './decision.ts';
import { selectProven } from './habits.ts';
import { widenRevision } from './widen.ts';

/** The revision with accepted signers under their new names as well; the same one when nobody was renamed. */
export function applyRenames(revision: Revision, facts: FactSet): Revision {
  const { signatures } = facts;
  if (signatures === 'unknown') return revision;
  const renamed = signatures.flatMap(({ outcome, identity }) =>
    outcome === 'verified' && identity && isProvenRename(revision, identity) ? [identity] : [],
  );
  if (renamed.length === 0) return revision;
  const accepted = applyDecision(revision, { kind: 'accept', identities: renamed, keys: [] });
  return widenRevision(accepted, 'provenance.source_changed', selectStatements(facts, renamed));
}

function isProvenRename({ identities }: Revision, seen: Identity): boolean {
  // Only numbers prove it, and only for whom nobody turned away.
  if (seen.ownerId === undefined || seen.repositoryId === undefined) return false;
  const accepted = identities.filter(({ state }) => state === 'accepted').map(({ identity }) => identity);
  if (identities.some(({ state, identity }) => state !== 'accepted' && isSameSigner(identity, seen))) return false;
  if (accepted.some((identity) => encodeIdentity(identity) === encodeIdentity(seen))) return false;
  return findNearest(accepted, seen)?.difference === 'identity.renamed';
}

/** The facts with the provenance alone that names the new repositories. */
function selectStatements(facts: FactSet, renamed: readonly Identity[]): FactSet {
  if (facts.provenance === 'unknown') return facts;
  const provenance = selectProven(facts.provenance).filter(({ repository }) =>
    renamed.some((identity) => identity.repository === repository),
  );
  return { ...facts, provenance };
}
