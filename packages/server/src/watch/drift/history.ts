/** Drift that shows only against the past of an artifact's names: content that changed, tags that moved, mirrors that disagree. */
import type { Revision } from '../baseline/revision.ts';
import type { FactSet } from '../facts/fact-set.ts';
import type { ArtifactHistory, Difference } from './difference.ts';

/** What is to be said of the past. `minimumAgeMs`: what a policy asks of a release before it is used. */
export function compareHistory(
  revision: Revision,
  { content }: Pick<FactSet, 'content'>,
  { minimumAgeMs, ...history }: ArtifactHistory & { readonly minimumAgeMs?: number | undefined },
): readonly Difference[] {
  return [
    ...compareContent(content, history),
    ...comparePace(revision, history),
    ...compareAge(history.ageMs, minimumAgeMs),
  ];
}

/** Mirrors need some time. */
const mirrorGraceMs = 3_600_000;

function compareContent(content: string, { versionContent, tag, mirrors }: ArtifactHistory): readonly Difference[] {
  const differences: Difference[] = [];
  if (versionContent !== undefined && versionContent !== content) {
    const sentence = 'the same version has other bytes than before';
    differences.push({ kind: 'version.content_changed', before: [versionContent], after: [content], sentence });
  }
  if (tag?.isImmutable && tag.before !== undefined && tag.before !== content) {
    const sentence = `the tag ${tag.name}, which names a release, leads elsewhere than before`;
    differences.push({ kind: 'tag.mutated', before: [tag.before], after: [content], sentence });
  }
  const others = mirrors.filter((mirror) => mirror.content !== content);
  if (others.length > 0) {
    const isLag = others.every(({ differsMs }) => differsMs < mirrorGraceMs);
    const names = others.map(({ name }) => name).sort();
    differences.push({
      ...{ kind: 'mirror.divergence', before: names, after: ['differs'], ...(isLag && { shift: -3 }) },
      sentence: `${names.join(', ')} ${others.length === 1 ? 'holds' : 'hold'} other bytes under the same name`,
    });
  }
  return differences;
}

/** A fifth of the artifacts, in thousandths. */
const coverageTolerance = 200;
/** Fewer in an hour are no burst, whatever is usual. */
const leastBurst = 5;
const burstFactor = 4;

function comparePace({ signed }: Revision, { coverage, hourly }: ArtifactHistory): readonly Difference[] {
  const differences: Difference[] = [];
  if (signed === 'sometimes' && coverage && coverage.before - coverage.now > coverageTolerance) {
    const sentence = `${coverage.now / 10} % of the last ones are signed, before it was ${coverage.before / 10} %`;
    differences.push({ kind: 'signature.coverage_drop', before: ['more'], after: ['fewer'], sentence });
  }
  if (hourly && hourly.now >= leastBurst && hourly.now > burstFactor * hourly.usual) {
    const sentence = `its publisher released ${hourly.now} within an hour, usually ${hourly.usual}`;
    differences.push({ kind: 'release.burst', before: ['usual'], after: ['burst'], sentence });
  }
  return differences;
}

function compareAge(ageMs: number | undefined, minimumAgeMs: number | undefined): readonly Difference[] {
  if (minimumAgeMs === undefined || ageMs === undefined || ageMs >= minimumAgeMs) return [];
  const hours = Math.ceil((minimumAgeMs - ageMs) / 3_600_000);
  const sentence = `it is younger than the policy asks for, by ${hours} h`;
  return [{ kind: 'release.cooldown', before: [], after: ['too young'], sentence }];
}
