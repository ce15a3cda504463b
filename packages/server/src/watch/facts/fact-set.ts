/** What was seen about one artifact, in one form for all ecosystems. `unknown` is a value: what could not be asked is not absent. */
import { createHash } from 'node:crypto';
import type { Vouch } from '@signpost/protocol/intoto/vouch';
import type { Identity } from './identity.ts';
import { encodePlain } from './plain-text.ts';

/** What could not be asked: 401, 403, 429, 5xx, a time-out. */
type Unknown = 'unknown';

/** By what kind of means something is signed. */
export type SignatureKind = 'keyless' | 'key' | 'x509' | 'gpg' | 'ssh' | 'minisign' | 'tuf';

/** What became of a signature. `unverifiable`: it cannot be judged with the roots that there are. */
type SignatureOutcome = 'verified' | 'invalid' | 'unverifiable';

/** One signature. */
export interface SignatureFact {
  readonly kind: SignatureKind;
  readonly format: 'sig-tag' | 'referrer' | 'bundle' | 'detached' | 'inline';
  readonly outcome: SignatureOutcome;
  /** Why it does not verify: the code of the refusal. */
  readonly reason?: string | undefined;
  /** Of a verified keyless signature. */
  readonly identity?: Identity | undefined;
  /** Of a verified signature by a key: SHA-256 of its SubjectPublicKeyInfo, in hex. */
  readonly key?: string | undefined;
  /** Of a signature by a key that nobody named: which key it says that it is by, which anybody can write. A fingerprint, key id or key number. */
  readonly issuer?: string | undefined;
  /** The key is too short, of an outdated algorithm, or had expired when it signed. */
  readonly weakness?: 'weak' | 'expired' | undefined;
  /** Whether a log holds it, has promised to, or not. */
  readonly transparency: 'included' | 'promised' | 'none';
}

/** A statement by which a signer vouches for another one. Whether it counts, the line says that it is found in. */
export interface VouchFact {
  /** Who says it: verified. */
  readonly by: Pick<SignatureFact, 'identity' | 'key'>;
  readonly vouch: Vouch;
}

/** A statement about how it was built. Who signed it stands among the signatures. */
export interface ProvenanceFact {
  readonly outcome: SignatureOutcome;
  /** Whether it is about these very bytes. */
  readonly isAboutSubject: boolean;
  readonly builder: string;
  /** URLs of repository and owner; absent: the build type does not say. */
  readonly repository?: string | undefined;
  readonly owner?: string | undefined;
  /** The SLSA build level that is derived from the signer, not claimed. */
  readonly level: number;
  /** Whether a tag or branch that we know leads to the commit. */
  readonly isCommitLinked: boolean | Unknown;
}

/** By whom and through which door it was published. */
export interface PublisherFact {
  /** `none`: it stands there, and nobody stands beside it as its publisher. */
  readonly channel: 'trusted-publisher' | 'staged' | 'token' | 'none' | Unknown;
  /** The account, or a digest of what must not be stored, such as an address. */
  readonly account?: string | undefined;
  /** The registry's own signature over what it serves. `none-ever`: it names no keys, so that nothing of it can be a signature. */
  readonly registrySignature: 'verified' | 'invalid' | 'absent' | 'none-ever' | Unknown;
}

/** The list that says whose signatures count on another server of this kind. */
interface TrustFact {
  /** How many roots must have signed it. */
  readonly threshold: number;
  /** Its number, which only ever grows. */
  readonly version: number;
}

/** Everything about one artifact at one time. */
export interface FactSet {
  /** `unknown` when even one place where signatures may be could not be asked. */
  readonly signatures: readonly SignatureFact[] | Unknown;
  /** More signatures than were read. */
  readonly isCapped: boolean;
  readonly provenance: readonly ProvenanceFact[] | Unknown;
  /** Absent: there are none. */
  readonly vouches?: readonly VouchFact[] | undefined;
  /** Absent for ecosystems without one. */
  readonly publisher?: PublisherFact | Unknown | undefined;
  /** Absent: there is no such list, or its roots do not bear it out. */
  readonly trust?: TrustFact | undefined;
  readonly sbom: 'about-subject' | 'about-another' | 'absent' | Unknown;
  /** Whether the place where its publisher announces releases names it; absent: there is no such place. */
  readonly announced?: boolean | Unknown | undefined;
  /** Lower-case hex SHA-256 of the content. */
  readonly content: string;
  /** Unix ms; absent: nothing says when. */
  readonly publishedAt?: number | undefined;
}

/** What there is to say where the places of signatures could not be asked. */
export const unknownEvidence = { signatures: 'unknown', provenance: 'unknown', sbom: 'unknown' } as const;

/** The facts in their one form: equal facts are stored once. */
export function encodeFactSet(facts: FactSet): string {
  return encodePlain(facts);
}

/** The name of a fact set: lower-case hex SHA-256 of its one form. */
export function hashFactSet(facts: FactSet): string {
  return createHash('sha256').update(encodeFactSet(facts)).digest('hex');
}
