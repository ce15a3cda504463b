/** Makes usual what a finding tells of, and nothing beside it. */
import type { Revision } from '../baseline/revision.ts';
import { listClaims } from '../drift/claims.ts';
import type { DriftKind } from '../drift/kinds.ts';
import type { FactSet, SignatureFact } from '../facts/fact-set.ts';
import { selectProven, uniqueOf } from './habits.ts';

type Widen = (revision: Revision, facts: FactSet) => Revision;

/** What a decision can make usual. Who signs is accepted by name, and what is simply wrong is only ever let go. */
const widenings: Readonly<Partial<Record<DriftKind, Widen>>> = {
  'signature.lost': ({ signed, claimed, ...revision }) => ({
    ...{ ...revision, signed: signed === 'never' ? 'never' : 'sometimes' },
    ...(claimed && { claimed: { ...claimed, present: 'sometimes' } }),
  }),
  'key.claim_changed': (revision, { signatures }) => {
    const { present = 'sometimes', issuers = [] } = revision.claimed ?? {};
    const claims = signatures === 'unknown' ? [] : listClaims(signatures);
    return { ...revision, claimed: { present, issuers: uniqueOf([...issuers, ...claims]) } };
  },
  'signature.kind_downgrade': (revision, facts) => ({
    ...revision,
    kinds: uniqueOf([...revision.kinds, ...verifiedOf(facts).map(({ kind }) => kind)]),
  }),
  'signature.format_changed': (revision, facts) => ({
    ...revision,
    formats: uniqueOf([...revision.formats, ...verifiedOf(facts).map(({ format }) => format)]),
  }),
  'tlog.missing': (revision, facts) => ({ ...revision, transparency: weakestOf(verifiedOf(facts)) }),
  'provenance.lost': (revision) => widenProvenance(revision, { present: 'sometimes' }),
  'provenance.source_changed': (revision, facts) => {
    const found = provenanceOf(facts);
    return widenProvenance(revision, {
      repositories: uniqueOf([...revision.provenance.repositories, ...found.flatMap((one) => one.repository ?? [])]),
      owners: uniqueOf([...revision.provenance.owners, ...found.flatMap((one) => one.owner ?? [])]),
    });
  },
  'provenance.builder_changed': (revision, facts) =>
    widenProvenance(revision, {
      builders: uniqueOf([...revision.provenance.builders, ...provenanceOf(facts).map(({ builder }) => builder)]),
    }),
  'provenance.level_drop': (revision, facts) =>
    widenProvenance(revision, { level: Math.max(0, ...provenanceOf(facts).map(({ level }) => level)) }),
  'publisher.channel_downgrade': (revision, { publisher }) =>
    revision.publisher && publisher && publisher !== 'unknown'
      ? { ...revision, publisher: { ...revision.publisher, channel: publisher.channel } }
      : revision,
  'publisher.account_changed': (revision, { publisher }) =>
    revision.publisher && publisher && publisher !== 'unknown' && publisher.account !== undefined
      ? {
          ...revision,
          publisher: {
            ...revision.publisher,
            accounts: uniqueOf([...revision.publisher.accounts, publisher.account]),
          },
        }
      : revision,
  'registry.signature_lost': (revision) =>
    revision.publisher ? { ...revision, publisher: { ...revision.publisher, registrySigned: 'sometimes' } } : revision,
  'trust.threshold_lowered': (revision, { trust }) =>
    trust ? { ...revision, trustThreshold: trust.threshold } : revision,
  'sbom.lost': (revision) => ({ ...revision, sbom: 'sometimes' }),
  'release.out_of_band': (revision) => ({ ...revision, announced: 'sometimes' }),
};

/** Whether a decision can make the kind usual. */
export function isWidenable(kind: DriftKind): boolean {
  return widenings[kind] !== undefined;
}

/** The revision for which these facts are no drift of that kind. Throws a TypeError for a kind that nothing makes usual. */
export function widenRevision(revision: Revision, kind: DriftKind, facts: FactSet): Revision {
  const widen = widenings[kind];
  if (!widen) throw new TypeError(`expected a kind that can become usual, got ${kind}`);
  return widen(revision, facts);
}

function widenProvenance(revision: Revision, differs: Partial<Revision['provenance']>): Revision {
  return { ...revision, provenance: { ...revision.provenance, ...differs } };
}

function provenanceOf({ provenance }: FactSet) {
  return provenance === 'unknown' ? [] : selectProven(provenance);
}

function verifiedOf({ signatures }: FactSet): readonly SignatureFact[] {
  return signatures === 'unknown' ? [] : signatures.filter(({ outcome }) => outcome === 'verified');
}

/** What each of them has at least: a stranger's signature beside must not be what was accepted. */
function weakestOf(verified: readonly SignatureFact[]): SignatureFact['transparency'] {
  return (
    (['none', 'promised', 'included'] as const).find((one) =>
      verified.some(({ transparency }) => transparency === one),
    ) ?? 'none'
  );
}
