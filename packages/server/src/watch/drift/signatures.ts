/** Drift of signatures: lost, withdrawn, invalid, unverifiable, weaker. Each is something else, and unknown is none of them. */
import type { Revision } from '../baseline/revision.ts';
import type { SignatureFact, SignatureKind } from '../facts/fact-set.ts';
import { compareClaims } from './claims.ts';
import type { ArtifactHistory, Difference } from './difference.ts';
import { compareReturns, compareStrangers, hasSigners, selectAccepted, selectStrangers } from './signers.ts';

/** What is to be said of the signatures that were found. */
export function compareSignatures(
  revision: Revision,
  signatures: readonly SignatureFact[],
  history: Pick<ArtifactHistory, 'wasSigned' | 'vouched'>,
): readonly Difference[] {
  if (signatures.length === 0) return compareAbsence(revision, history);
  const verified = signatures.filter(({ outcome }) => outcome === 'verified');
  const broken = compareBroken(revision, signatures, verified);
  if (verified.length === 0) return [...broken, ...compareClaims(revision, signatures)];
  const returns = compareReturns(revision, verified);
  if (!hasSigners(revision))
    return [...broken, ...returns, ...describeGain(revision, selectStrangers(revision, verified))];
  // What a stranger adds beside a known signer must not make up for what the known one lacks.
  const accepted = selectAccepted(revision, verified);
  const judged = accepted.length > 0 ? accepted : verified;
  return [
    ...broken,
    ...returns,
    ...compareStrangers(revision, verified, history.vouched),
    ...compareStrength(revision, judged),
    ...(accepted.length > 0 ? compareFormats(revision, accepted) : []),
    ...judged.flatMap(describeWeakness),
  ];
}

function compareAbsence(revision: Revision, { wasSigned }: Pick<ArtifactHistory, 'wasSigned'>): readonly Difference[] {
  const ends = { before: ['signed'], after: ['unsigned'] };
  if (wasSigned) {
    return [
      { kind: 'signature.withdrawn', ...ends, sentence: 'the same bytes were signed, and the signature is gone' },
    ];
  }
  if (revision.signed !== 'always') {
    // Who drops a signature that nobody could judge may be whoever could not make it.
    const sentence = 'it has no signature, and all before it had one, though none that could be judged here';
    return revision.claimed?.present === 'always' ? [{ kind: 'signature.lost', ...ends, sentence, shift: -1 }] : [];
  }
  return [{ kind: 'signature.lost', ...ends, sentence: 'it has no signature, and all before it had one' }];
}

/** Signatures that do not verify. Beside one that is as ever, they are junk that anybody with a way to push can add. */
function compareBroken(
  revision: Revision,
  signatures: readonly SignatureFact[],
  verified: readonly SignatureFact[],
): readonly Difference[] {
  const reasonsOf = (outcome: SignatureFact['outcome']) => [
    ...new Set(signatures.filter((one) => one.outcome === outcome).map(({ reason }) => reason ?? 'no reason given')),
  ];
  const [invalid, unverifiable] = [reasonsOf('invalid'), reasonsOf('unverifiable')];
  const differences: Difference[] = [];
  if (invalid.length > 0) {
    const isAccompanied = selectAccepted(revision, verified).length > 0;
    differences.push({
      ...{ kind: 'signature.invalid', before: [], after: invalid, ...(isAccompanied && { shift: -3 }) },
      sentence: `it has a signature that is wrong: ${invalid.join(', ')}`,
    });
  } else if (verified.length === 0 && isVerifiable(revision)) {
    differences.push({
      ...{ kind: 'signature.unverifiable', before: ['verified'], after: unverifiable },
      sentence: `its signature cannot be judged here, as those before it could: ${unverifiable.join(', ')}`,
    });
  }
  return differences;
}

/** Whether signatures could be judged before, or are by keys that somebody named. */
function isVerifiable({ signed, keys }: Revision): boolean {
  return signed !== 'never' || keys.some(({ state }) => state === 'accepted');
}

/** Evidence out of nowhere: fine from the repository that the source names itself, a finding from a stranger. */
function describeGain({ declaredRepository }: Revision, verified: readonly SignatureFact[]): readonly Difference[] {
  const isLinked = ({ identity }: SignatureFact) =>
    identity?.repository !== undefined && identity.repository === declaredRepository;
  if (verified.length === 0 || verified.some(isLinked)) return [];
  const signers = [...new Set(verified.map(({ identity, key }) => identity?.subject ?? key ?? 'a key'))];
  const owners = verified.flatMap(({ identity }) => identity?.owner ?? []);
  // A key has no owner that could be another one.
  const isForeign = owners.length > 0 && !owners.some((owner) => declaredRepository?.startsWith(`${owner}/`) ?? true);
  return [
    {
      ...{ kind: 'evidence.gained_unknown', before: [declaredRepository ?? 'none'], after: signers },
      sentence: `it is the first that is signed, by ${signers.join(', ')}, whom nothing links to the source`,
      ...(isForeign && { shift: 1 }),
    },
  ];
}

/** How much a kind of signature proves; keyless ones name who and are on record. */
const ranks: Readonly<Record<SignatureKind, number>> = {
  ...{ keyless: 3, x509: 2, tuf: 2, key: 1, gpg: 1, ssh: 1, minisign: 1 },
};
const transparencyRanks: Readonly<Record<SignatureFact['transparency'], number>> = {
  none: 0,
  promised: 1,
  included: 2,
};

function compareStrength(revision: Revision, verified: readonly SignatureFact[]): readonly Difference[] {
  const differences: Difference[] = [];
  const kinds = [...new Set(verified.map(({ kind }) => kind))];
  const least = Math.min(...revision.kinds.map((kind) => ranks[kind]));
  if (revision.kinds.length > 0 && kinds.every((kind) => ranks[kind] < least)) {
    differences.push({
      ...{ kind: 'signature.kind_downgrade', before: revision.kinds, after: kinds },
      sentence: `it is signed by ${kinds.join(', ')}, where it was ${revision.kinds.join(', ')} before`,
    });
  }
  const isOnRecord = verified.some(
    ({ transparency }) => transparencyRanks[transparency] >= transparencyRanks[revision.transparency],
  );
  if (!isOnRecord) {
    const best = verified.some(({ transparency }) => transparency === 'promised') ? 'promised' : 'none';
    differences.push({
      ...{ kind: 'tlog.missing', before: [revision.transparency], after: [best] },
      sentence: 'its signature is not on record in a log as those before it are',
    });
  }
  return differences;
}

function compareFormats(revision: Revision, verified: readonly SignatureFact[]): readonly Difference[] {
  const formats = [...new Set(verified.map(({ format }) => format))];
  if (revision.formats.length === 0 || formats.some((format) => revision.formats.includes(format))) return [];
  return [
    {
      ...{ kind: 'signature.format_changed', before: revision.formats, after: formats },
      sentence: `a known signer stored the signature as ${formats.join(', ')}, before as ${revision.formats.join(', ')}`,
    },
  ];
}

function describeWeakness({ weakness, key }: SignatureFact): readonly Difference[] {
  if (weakness === undefined) return [];
  const named = key ?? 'the key';
  if (weakness === 'weak') {
    return [{ kind: 'key.weak', before: [], after: [named], sentence: `${named} is too weak for what it signs` }];
  }
  const sentence = `${named} had expired when it signed`;
  return [{ kind: 'key.expired_at_signing', before: [], after: [named], sentence }];
}
