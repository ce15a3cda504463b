/** What somebody decides about a line, and what it makes of a revision. */
import type { KnownIdentity, KnownKey, Revision, SignerState } from '../baseline/revision.ts';
import type { DriftKind } from '../drift/kinds.ts';
import type { FactSet } from '../facts/fact-set.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { compareTexts } from '../facts/plain-text.ts';
import { widenRevision } from './widen.ts';

/** Signers by identity or key. */
export interface Signers {
  readonly identities: readonly Identity[];
  /** SHA-256 of the SubjectPublicKeyInfo, in hex. */
  readonly keys: readonly string[];
}

/** A decision. */
export type Decision =
  /** Who may sign, may no longer, never might, or was never to be trusted. */
  | ({
      readonly kind: 'accept' | 'retire' | 'revoke' | 'reject';
      /** Accepted by the word of another signer, whose window ends then, Unix ms. */
      readonly vouchedUntil?: number | undefined;
    } & Signers)
  /** Exactly these may sign; nothing is learned any more. */
  | ({ readonly kind: 'declare' } & Signers)
  /** What these facts show is usual from now on, as far as the kind goes. */
  | { readonly kind: 'widen'; readonly drift: DriftKind; readonly facts: FactSet }
  /** The difference is let go until a time in Unix ms, or for good. */
  | { readonly kind: 'excuse'; readonly fingerprint: string; readonly until: number | null };

/** The revision after a decision. */
export function applyDecision(revision: Revision, decision: Decision): Revision {
  switch (decision.kind) {
    case 'widen':
      return widenRevision(revision, decision.drift, decision.facts);
    case 'excuse':
      return {
        ...revision,
        excused: [
          ...revision.excused.filter(({ fingerprint }) => fingerprint !== decision.fingerprint),
          { fingerprint: decision.fingerprint, until: decision.until },
        ].sort((left, right) => compareTexts(left.fingerprint, right.fingerprint)),
      };
    case 'declare':
      return { ...setSigners(withoutAccepted(revision), decision, 'accepted'), state: 'declared', signed: 'always' };
    default:
      return setSigners(revision, decision, states[decision.kind]);
  }
}

const states = { accept: 'accepted', retire: 'retired', revoke: 'revoked', reject: 'rejected' } as const;

function withoutAccepted(revision: Revision): Revision {
  const isKept = ({ state }: { readonly state: SignerState }) => state !== 'accepted';
  return { ...revision, identities: revision.identities.filter(isKept), keys: revision.keys.filter(isKept) };
}

/** The signers in `state`, whatever was decided of them before. */
function setSigners(revision: Revision, { identities, keys }: Signers, state: SignerState): Revision {
  const texts = identities.map(encodeIdentity);
  const known: readonly KnownIdentity[] = [
    ...revision.identities.filter(({ identity }) => !texts.includes(encodeIdentity(identity))),
    ...identities.map((identity) => ({ identity, state })),
  ];
  const knownKeys: readonly KnownKey[] = [
    ...revision.keys.filter(({ key }) => !keys.includes(key)),
    ...keys.map((key) => ({ key, state })),
  ];
  return {
    ...revision,
    identities: [...new Map(known.map((one) => [encodeIdentity(one.identity), one])).entries()]
      .sort(([left], [right]) => compareTexts(left, right))
      .map(([, one]) => one),
    keys: [...new Map(knownKeys.map((one) => [one.key, one])).values()].sort((left, right) =>
      compareTexts(left.key, right.key),
    ),
  };
}
