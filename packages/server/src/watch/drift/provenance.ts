/** Drift of how something was built: from what, by whom, how well guarded. */
import type { Revision } from '../baseline/revision.ts';
import type { ProvenanceFact } from '../facts/fact-set.ts';
import type { Difference } from './difference.ts';

/** What is to be said of the statements of provenance that were found. */
export function compareProvenance(revision: Revision, found: readonly ProvenanceFact[]): readonly Difference[] {
  const habit = revision.provenance;
  const verified = found.filter(({ outcome }) => outcome === 'verified');
  if (found.some(({ outcome }) => outcome === 'invalid') && verified.length === 0) {
    return [describe('provenance.invalid', [], ['invalid'], 'its provenance is wrong')];
  }
  if (verified.length === 0) return compareAbsence(revision, found);
  const matching = verified.filter(({ isAboutSubject }) => isAboutSubject);
  const strays = compareSubjects(verified.length - matching.length, matching.length);
  if (matching.length === 0) return strays;
  // The first ever: who may speak for the source is told by the signatures.
  if (habit.present === 'never') return [...strays, ...describeGain(revision, matching)];
  return [...strays, ...compareSources(revision, matching), ...compareBuild(revision, matching)];
}

/** Beside statements about these bytes, one about others is junk that anybody with a way to push can add. */
function compareSubjects(strayCount: number, matchingCount: number): readonly Difference[] {
  if (strayCount === 0) return [];
  const sentence = 'its provenance is about other bytes';
  const stray = describe('provenance.subject_mismatch', [], ['another subject'], sentence);
  return [{ ...stray, ...(matchingCount > 0 && { shift: -3 }) }];
}

function compareAbsence({ provenance }: Revision, found: readonly ProvenanceFact[]): readonly Difference[] {
  if (found.length > 0 && provenance.present !== 'never') {
    const sentence = 'its provenance cannot be judged here, as that before it could';
    return [describe('provenance.unverifiable', ['verified'], ['unverifiable'], sentence)];
  }
  if (provenance.present !== 'always') return [];
  return [describe('provenance.lost', ['present'], ['absent'], 'it has no provenance, and all before it had')];
}

function describeGain({ declaredRepository }: Revision, verified: readonly ProvenanceFact[]): readonly Difference[] {
  const repositories = uniqueOf(verified.map(({ repository }) => repository));
  if (declaredRepository === undefined || repositories.includes(declaredRepository)) return [];
  const owners = uniqueOf(verified.map(({ owner }) => owner));
  const isForeign = owners.length > 0 && !owners.some((owner) => declaredRepository.startsWith(`${owner}/`));
  const sentence = `it is the first with provenance, from ${repositories.join(', ')}, and the source names ${declaredRepository}`;
  return [
    {
      ...describe('evidence.gained_unknown', [declaredRepository], repositories, sentence),
      ...(isForeign && { shift: 1 }),
    },
  ];
}

function compareSources({ provenance }: Revision, verified: readonly ProvenanceFact[]): readonly Difference[] {
  const repositories = uniqueOf(verified.map(({ repository }) => repository));
  const owners = uniqueOf(verified.map(({ owner }) => owner));
  if (provenance.repositories.length === 0 || repositories.some((one) => provenance.repositories.includes(one)))
    return [];
  const isForeign = owners.length > 0 && !owners.some((owner) => provenance.owners.includes(owner));
  const sentence = `it was built from ${repositories.join(', ') || 'a source that is not named'}, before from ${provenance.repositories.join(', ')}`;
  return [
    {
      ...describe('provenance.source_changed', provenance.repositories, repositories, sentence),
      ...(isForeign && { shift: 1 }),
    },
  ];
}

function compareBuild({ provenance }: Revision, verified: readonly ProvenanceFact[]): readonly Difference[] {
  const differences: Difference[] = [];
  const builders = uniqueOf(verified.map(({ builder }) => builder));
  if (provenance.builders.length > 0 && !builders.some((builder) => provenance.builders.includes(builder))) {
    const sentence = `it was built by ${builders.join(', ')}, before by ${provenance.builders.join(', ')}`;
    differences.push(describe('provenance.builder_changed', provenance.builders, builders, sentence));
  }
  const level = Math.max(...verified.map((fact) => fact.level));
  if (level < provenance.level) {
    const sentence = `its build level is ${level}, before it was ${provenance.level}`;
    differences.push(describe('provenance.level_drop', [String(provenance.level)], [String(level)], sentence));
  }
  if (verified.some(({ isCommitLinked }) => isCommitLinked === false)) {
    const sentence = 'no tag or branch that we know leads to the commit that it was built from';
    differences.push(describe('provenance.commit_unlinked', [], ['unlinked'], sentence));
  }
  return differences;
}

function describe(
  kind: Difference['kind'],
  before: readonly string[],
  after: readonly string[],
  sentence: string,
): Difference {
  return { kind, before, after, sentence };
}

function uniqueOf(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}
