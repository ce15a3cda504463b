/** What is learned of a line: by one pure function over its artifacts, so that it can be learned again. */
import { emptyRevision, type KnownIdentity, type KnownKey, type Revision } from '../baseline/revision.ts';
import { isSameSigner } from '../drift/compare-identity.ts';
import type { SignatureFact } from '../facts/fact-set.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { compareTexts } from '../facts/plain-text.ts';
import { deriveHabits } from './habits.ts';
import type { LearningRules } from './rules.ts';
import { isEnough, type KnownSample, measureCoverage, type Sample, selectKnown } from './sample.ts';

/** What a line is learned from. */
export interface Lesson {
  readonly samples: readonly Sample[];
  readonly rules: LearningRules;
  readonly declaredRepository: string | undefined;
  /** Unix ms. */
  readonly now: number;
}

/**
 * The revision that artifacts teach without any decision. While a line is learned, everybody who signs counts as accepted; once one
 * signer (or the lack of any) has shown enough, only those who have shown enough themselves: who came by once stays a stranger.
 */
export function deriveRevision({ samples, rules, declaredRepository, now }: Lesson): Revision {
  const known = selectKnown(samples, rules);
  const declared = declaredRepository === undefined ? {} : { declaredRepository };
  if (known.length === 0) return { ...emptyRevision, ...declared };
  const groups = groupSigners(known);
  const proven = groups.filter((group) => isEnough(group.samples, rules, now));
  const unsigned = known.filter(({ verified }) => verified.length === 0);
  const isKnown = proven.length > 0 || isEnough(unsigned, rules, now);
  const isEstablished = isKnown && measureCoverage(samples, rules) >= rules.coverage;
  const signers = isEstablished ? proven : groups;
  const usual = known.filter(
    (sample) => sample.verified.length === 0 || signers.some((group) => group.samples.includes(sample)),
  );
  return {
    ...deriveHabits(usual.slice(-rules.window)),
    ...declared,
    state: isEstablished ? 'established' : 'learning',
    identities: listIdentities(signers),
    keys: listKeys(signers),
    excused: [],
  };
}

/** A signer under all its names, and what it signed. */
interface SignerGroup {
  readonly identities: readonly Identity[];
  readonly key?: string | undefined;
  readonly samples: readonly KnownSample[];
}

/** Signers by what tells them apart; who signs the same artifact is not one with its signer for that. */
function groupSigners(samples: readonly KnownSample[]): readonly SignerGroup[] {
  const groups: SignerGroup[] = [];
  for (const sample of samples) {
    for (const signature of sample.verified) {
      const index = groups.findIndex((group) => isOfGroup(group, signature));
      const group = groups[index] ?? { identities: [], key: signature.key, samples: [] };
      groups[index < 0 ? groups.length : index] = extendGroup(group, signature, sample);
    }
  }
  return groups;
}

function isOfGroup({ identities, key }: SignerGroup, signature: SignatureFact): boolean {
  const { identity } = signature;
  if (identity) return identities.some((known) => isSameSigner(known, identity));
  return identities.length === 0 && key === signature.key;
}

function extendGroup(group: SignerGroup, { identity }: SignatureFact, sample: KnownSample): SignerGroup {
  const isNew = identity && !group.identities.some((known) => encodeIdentity(known) === encodeIdentity(identity));
  return {
    ...group,
    identities: isNew ? [...group.identities, identity] : group.identities,
    samples: group.samples.includes(sample) ? group.samples : [...group.samples, sample],
  };
}

function listIdentities(groups: readonly SignerGroup[]): readonly KnownIdentity[] {
  return groups
    .flatMap(({ identities }) => identities)
    .sort((left, right) => compareTexts(encodeIdentity(left), encodeIdentity(right)))
    .map((identity) => ({ identity, state: 'accepted' }));
}

function listKeys(groups: readonly SignerGroup[]): readonly KnownKey[] {
  return groups
    .flatMap(({ identities, key }) => (identities.length === 0 && key !== undefined ? [key] : []))
    .sort(compareTexts)
    .map((key) => ({ key, state: 'accepted' }));
}
