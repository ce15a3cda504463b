/** Who signed, as a tuple that belongs together: two loose sets of subjects and issuers would let a hostile issuer speak for a known subject. */
import type { SignerClaims } from '@signpost/protocol/sigstore/claims';
import { encodePlain } from './plain-text.ts';

/** Where a build came from, by the kind of its ref. */
type RefType = 'tag' | 'branch' | 'pull-request' | 'other';

/** An identity as a certificate has it. What a certificate does not say is absent. */
export interface Identity {
  /** To the letter. */
  readonly issuer: string;
  /** A workflow without its ref: the ref changes with each release, and stands in `refType`. */
  readonly subject: string;
  /** The platform's numbers, which outlive a rename and are never given twice. */
  readonly ownerId?: string | undefined;
  readonly repositoryId?: string | undefined;
  /** URLs. */
  readonly owner?: string | undefined;
  readonly repository?: string | undefined;
  /** The workflow's path, without its ref. */
  readonly workflow?: string | undefined;
  readonly refType?: RefType | undefined;
  readonly trigger?: string | undefined;
  readonly runner?: string | undefined;
  readonly visibility?: string | undefined;
}

/** The identity in the claims of a verified certificate. */
export function identityOf(claims: SignerClaims): Identity {
  const ref = claims.sourceRepositoryRef ?? refOf(claims.subject.value);
  return {
    issuer: claims.issuer,
    subject: withoutRef(claims.subject.value),
    ownerId: claims.sourceRepositoryOwnerIdentifier,
    repositoryId: claims.sourceRepositoryIdentifier,
    owner: claims.sourceRepositoryOwnerUri,
    repository: claims.sourceRepositoryUri,
    workflow: claims.buildSignerUri === undefined ? undefined : withoutRef(claims.buildSignerUri),
    refType: ref === undefined ? undefined : refTypeOf(ref),
    trigger: claims.buildTrigger,
    runner: claims.runnerEnvironment,
    visibility: claims.sourceRepositoryVisibility,
  };
}

/** Identities do not change, and each is compared many times. */
const texts = new WeakMap<Identity, string>();

/** One text for one tuple: what is absent counts as such, and nothing runs into its neighbour. */
export function encodeIdentity(identity: Identity): string {
  const known = texts.get(identity);
  if (known !== undefined) return known;
  const text = encodePlain(identity);
  texts.set(identity, text);
  return text;
}

const refPattern = /@(refs\/[^@]*)$/;

function withoutRef(text: string): string {
  return text.replace(refPattern, '');
}

function refOf(text: string): string | undefined {
  return refPattern.exec(text)?.[1];
}

function refTypeOf(ref: string): RefType {
  if (ref.startsWith('refs/tags/')) return 'tag';
  if (ref.startsWith('refs/heads/')) return 'branch';
  return ref.startsWith('refs/pull/') || ref.startsWith('refs/merge-requests/') ? 'pull-request' : 'other';
}
