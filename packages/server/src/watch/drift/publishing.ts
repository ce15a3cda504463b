/** Drift of how something was published: the door, the account, the registry's own signature, the SBOM, the announcement. */
import type { PublisherHabit, Revision } from '../baseline/revision.ts';
import type { FactSet, PublisherFact } from '../facts/fact-set.ts';
import type { ArtifactHistory, Difference } from './difference.ts';

/** From the least. A door that is unknown is neither better nor worse. */
const channels = ['none', 'token', 'trusted-publisher', 'staged'] as const;

const channelWords: Readonly<Record<PublisherFact['channel'], string>> = {
  ...{ none: 'nobody who is named', token: 'token', 'trusted-publisher': 'trusted-publisher', staged: 'staged' },
  unknown: 'unknown',
};
/** Against a registry that signed, one without keys is none that never did. */
const registryWords: Readonly<Record<PublisherFact['registrySignature'], string>> = {
  ...{ verified: 'the registry signed it', unknown: 'the registry could not be asked for its keys' },
  ...{ absent: 'the registry has not signed it', invalid: 'the signature of the registry is wrong' },
  'none-ever': 'the registry names no keys any more, so that its signature is worth nothing',
};

/** How long an announcement may come after what it announces. */
const announcementGraceMs = 3_600_000;

/** What is to be said of the publication. */
export function comparePublishing(
  revision: Revision,
  facts: FactSet,
  { ageMs }: Pick<ArtifactHistory, 'ageMs'>,
): readonly Difference[] {
  const { publisher, sbom, announced } = facts;
  const differences: Difference[] = [];
  if (publisher !== undefined && publisher !== 'unknown' && revision.publisher) {
    differences.push(...comparePublisher(revision.publisher, publisher));
  }
  if (sbom === 'about-another') {
    const sentence = 'its SBOM is about other bytes';
    differences.push({ kind: 'sbom.subject_mismatch', before: [], after: [sbom], sentence });
  } else if (sbom === 'absent' && revision.sbom === 'always') {
    const sentence = 'it has no SBOM, and all before it had one';
    differences.push({ kind: 'sbom.lost', before: ['present'], after: [sbom], sentence });
  }
  if (announced === false && revision.announced === 'always' && (ageMs ?? 0) > announcementGraceMs) {
    const sentence = 'nothing announces it where its publisher announces releases';
    differences.push({ kind: 'release.out_of_band', before: ['announced'], after: ['not announced'], sentence });
  }
  return differences;
}

function comparePublisher(habit: PublisherHabit, found: PublisherFact): readonly Difference[] {
  const differences: Difference[] = [];
  const [rank, usualRank] = [rankOf(found.channel), rankOf(habit.channel)];
  if (rank < usualRank && rank >= 0) {
    const sentence = `it was published by ${channelWords[found.channel]}, before by ${habit.channel}`;
    differences.push({
      kind: 'publisher.channel_downgrade',
      before: [habit.channel],
      after: [found.channel],
      sentence,
    });
  }
  const { account, registrySignature } = found;
  // A better door has accounts of its own.
  const isKnown = account === undefined || habit.accounts.length === 0 || habit.accounts.includes(account);
  if (!isKnown && rank <= usualRank) {
    const sentence = `it was published by ${account}, before by ${habit.accounts.join(', ')}`;
    differences.push({ kind: 'publisher.account_changed', before: habit.accounts, after: [account], sentence });
  }
  const isLost = registrySignature !== 'verified' && registrySignature !== 'unknown';
  if (isLost && habit.registrySigned === 'always') {
    const sentence = registryWords[registrySignature];
    differences.push({ kind: 'registry.signature_lost', before: ['verified'], after: [registrySignature], sentence });
  }
  return differences;
}

function rankOf(channel: PublisherFact['channel']): number {
  return (channels as readonly string[]).indexOf(channel);
}
