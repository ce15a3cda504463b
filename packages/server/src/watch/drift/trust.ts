/** Drift of a trust list: fewer roots that must sign it, or an older list again (docs/protocol/trust-list.md). */
import type { Revision } from '../baseline/revision.ts';
import type { FactSet } from '../facts/fact-set.ts';
import type { ArtifactHistory, Difference } from './difference.ts';

/** What is to be said of the list. The same roots sign both, so that nobody new shows: a thief of one of them would be enough. */
export function compareTrust(
  { trustThreshold }: Pick<Revision, 'trustThreshold'>,
  { trust }: Pick<FactSet, 'trust'>,
  { trustVersion }: Pick<ArtifactHistory, 'trustVersion'>,
): readonly Difference[] {
  if (!trust) return [];
  const { threshold, version } = trust;
  const differences: Difference[] = [];
  if (trustThreshold !== undefined && threshold < trustThreshold) {
    const sentence = `${threshold} of its roots can change whose signatures count, before it took ${trustThreshold}`;
    const ends = { before: [String(trustThreshold)], after: [String(threshold)] };
    differences.push({ kind: 'trust.threshold_lowered', ...ends, sentence });
  }
  if (trustVersion !== undefined && version < trustVersion) {
    const sentence = `its trust list has the number ${version}, and there was ${trustVersion} before`;
    const ends = { before: [String(trustVersion)], after: [String(version)] };
    differences.push({ kind: 'trust.rolled_back', ...ends, sentence });
  }
  return differences;
}
