/** What is accepted of one line of a source, from a point on: derived from observations, changed only by a new revision. */
import type { PublisherFact, SignatureFact, SignatureKind } from '../facts/fact-set.ts';
import type { Identity } from '../facts/identity.ts';

/** How much is known of a line. `frozen`: a critical finding is open; no revision says so, since findings come and go. */
type LineState = 'cold' | 'learning' | 'established' | 'declared' | 'frozen';

/** What somebody decided about who signs. */
export type SignerState = 'accepted' | 'retired' | 'revoked' | 'rejected';

/** Whether something was always there, now and then, or never. */
export type Habit = 'always' | 'sometimes' | 'never';

/** An identity, and what counts of it. */
export interface KnownIdentity {
  readonly identity: Identity;
  readonly state: SignerState;
}

/** A key by the SHA-256 of its SubjectPublicKeyInfo, and what counts of it. */
export interface KnownKey {
  readonly key: string;
  readonly state: SignerState;
}

/** The document of a revision. */
export interface Revision {
  readonly state: LineState;
  readonly identities: readonly KnownIdentity[];
  readonly keys: readonly KnownKey[];
  readonly signed: Habit;
  readonly kinds: readonly SignatureKind[];
  readonly formats: readonly SignatureFact['format'][];
  /** Of signatures that nobody here can verify; absent: there are none. */
  readonly claimed?: ClaimHabit | undefined;
  /** The least that every signature had. */
  readonly transparency: SignatureFact['transparency'];
  readonly provenance: ProvenanceHabit;
  /** Absent for ecosystems without publishers. */
  readonly publisher?: PublisherHabit | undefined;
  /** The fewest roots that had to sign a trust list; absent where there are none. */
  readonly trustThreshold?: number | undefined;
  readonly sbom: Habit;
  /** Where the source itself says that it comes from: a repository's URL. */
  readonly declaredRepository?: string | undefined;
  /** Whether releases are always announced where their publisher announces them. */
  readonly announced: Habit;
  /** Differences that somebody let go, by fingerprint. */
  readonly excused: readonly Excuse[];
}

/** A difference that is no finding, until a time in Unix ms or, with null, for good. */
export interface Excuse {
  readonly fingerprint: string;
  readonly until: number | null;
}

/** A line of which nothing is known. */
export const emptyRevision: Revision = {
  ...{ state: 'cold', identities: [], keys: [], signed: 'never', kinds: [], formats: [], transparency: 'none' },
  provenance: { present: 'never', repositories: [], owners: [], builders: [], level: 0 },
  ...{ sbom: 'never', announced: 'never', excused: [] },
};

/** Which keys signatures say that they are by, where nobody can tell whether it is so. */
interface ClaimHabit {
  readonly present: Habit;
  /** Kind and issuer of each. */
  readonly issuers: readonly string[];
}

/** What is usual of provenance. */
interface ProvenanceHabit {
  readonly present: Habit;
  readonly repositories: readonly string[];
  readonly owners: readonly string[];
  readonly builders: readonly string[];
  /** The least level. */
  readonly level: number;
}

/** What is usual of publishing. */
export interface PublisherHabit {
  /** The least that every artifact was published by. */
  readonly channel: PublisherFact['channel'];
  readonly accounts: readonly string[];
  readonly registrySigned: Habit;
}
