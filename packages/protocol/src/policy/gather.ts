/** Turns documents about an artifact into facts: every bundle in them is verified under the trusted roots at hand. */
import { TrustError } from '../errors.ts';
import { parseProvenance } from '../intoto/parse-provenance.ts';
import { provenanceTypes } from '../intoto/provenance.ts';
import { isReleaseType } from '../intoto/release.ts';
import { importSubjectKey } from '../keys/verification-key.ts';
import type { Digests } from '../sigstore/artifact.ts';
import { deriveBuildLevel } from '../sigstore/build-level.ts';
import type { BuilderTable } from '../sigstore/builder-table.ts';
import { type Bundle, parseBundle } from '../sigstore/bundle.ts';
import { extractBundles } from '../sigstore/extract-bundles.ts';
import type { TrustedRoot } from '../sigstore/trusted-root.ts';
import { type VerifiedBundle, verifyBundle } from '../sigstore/verify-bundle.ts';
import type { RequiredSigner } from '../sigstore/verify-signer.ts';
import type { Judged, ProvenanceFacts, VerifiedSignature } from './evidence.ts';
import type { ReleasePolicy, SignerRule } from './policy.ts';
import { listSome } from './rules/listing.ts';

/** A document that was handed in. */
export interface GivenDocument {
  /** A short name for findings. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A trusted root by the name that policies call it. */
export interface NamedTrustedRoot {
  readonly name: string;
  readonly root: TrustedRoot;
}

/** What documents are held against. */
export interface GatheringContext {
  readonly digests: Digests;
  readonly trustedRoots: readonly NamedTrustedRoot[];
  readonly builders: BuilderTable;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What the documents say. */
export interface GatheredEvidence {
  readonly signatures: readonly Judged<VerifiedSignature>[];
  readonly provenance: readonly Judged<ProvenanceFacts>[];
}

/** How often a bundle is held against a signer and a trusted root, for one artifact: documents are many, and time is not. */
const maxAttempts = 2048;

/** What is left of the attempts. */
interface Budget {
  attempts: number;
}

interface BoundedContext extends GatheringContext {
  readonly budget: Budget;
}

/** How much evidence a signature must have is for the policy to say: here it is only counted. */
const noMinimums = { logEntries: 0, scts: 0, timestamps: 0 };

/**
 * Verifies every bundle of every document for the artifact with these digests, for the signers that `policy` names. What does
 * not verify is a refusal among the facts; without a trusted root nothing can be said, which is `unknown`. Throws nothing for what the
 * documents hold.
 */
export async function gatherEvidence(
  policy: ReleasePolicy,
  documents: readonly GivenDocument[],
  context: GatheringContext,
): Promise<GatheredEvidence> {
  const signatures: Judged<VerifiedSignature>[] = [];
  const provenance: Judged<ProvenanceFacts>[] = [];
  const budget: Budget = { attempts: maxAttempts };
  for (const document of documents) {
    for (const judged of await judgeDocument(policy, document, { ...context, budget })) {
      signatures.push(readSignature(judged));
      if (isAboutBuild(judged)) provenance.push(readProvenance(judged, context));
    }
  }
  return { signatures, provenance };
}

/** A bundle that was verified, and under which root. */
interface JudgedBundle {
  readonly signature: VerifiedSignature;
  readonly bundle: VerifiedBundle;
}

async function judgeDocument(
  policy: ReleasePolicy,
  { name, bytes }: GivenDocument,
  context: BoundedContext,
): Promise<readonly Judged<JudgedBundle>[]> {
  try {
    const bundles = extractBundles(bytes).map((bundle) => parseBundle(bundle));
    const judged: Judged<JudgedBundle>[] = [];
    for (const bundle of bundles) judged.push(...(await judgeBundle(policy, { document: name, bundle }, context)));
    return judged;
  } catch (error) {
    return [{ state: 'refused', document: name, reason: reasonOf(error) }];
  }
}

/** Under each trusted root that it verifies by: which of them counts is for each rule to say. */
async function judgeBundle(
  policy: ReleasePolicy,
  { document, bundle }: { readonly document: string; readonly bundle: Bundle },
  context: BoundedContext,
): Promise<readonly Judged<JudgedBundle>[]> {
  const roots = listRoots(policy, context);
  if (roots.length === 0) {
    return [{ state: 'unknown', document, reason: 'expected a trusted root that is in force, got none' }];
  }
  const signers = await listSigners(policy, bundle);
  if (signers.length === 0) {
    const reason = `expected a signer that the policy names, got a bundle by a ${bundle.signer.kind}`;
    return [{ state: 'refused', document, reason }];
  }
  const reasons: string[] = [];
  const verified: Judged<JudgedBundle>[] = [];
  for (const { name, root } of roots) {
    for (const signer of signers) {
      if (--context.budget.attempts < 0) {
        reasons.push(`too_large: expected at most ${maxAttempts} verifications for one file`);
        break;
      }
      const outcome = await tryBundle(bundle, { signer, root, context });
      if (typeof outcome !== 'string') {
        const value = { bundle: outcome.bundle, signature: describe(outcome, name) };
        verified.push({ state: 'verified', document, value });
        break;
      }
      reasons.push(roots.length > 1 ? `${name}: ${outcome}` : outcome);
    }
  }
  if (verified.length > 0) return verified;
  return [{ state: 'refused', document, reason: listSome([...new Set(reasons)]) }];
}

/** Those that a rule could count. */
function listRoots({ signature, provenance }: ReleasePolicy, { trustedRoots }: GatheringContext) {
  const rules = [signature, provenance].filter((rule) => rule !== undefined);
  return trustedRoots.filter(({ name }) =>
    rules.some((rule) => rule.trustRoots.length === 0 || rule.trustRoots.includes(name)),
  );
}

/** A signer to hold a bundle against; of a key also its id. */
interface PossibleSigner {
  readonly required: RequiredSigner;
  readonly keyId: string | undefined;
}

async function listSigners({ signature, provenance }: ReleasePolicy, bundle: Bundle): Promise<PossibleSigner[]> {
  const rules = [signature, provenance].filter((rule): rule is NonNullable<typeof rule> => rule !== undefined);
  if (bundle.signer.kind === 'certificate') return listIdentities(rules);
  const keys = new Map(rules.flatMap((rule) => rule.keys.map((key) => [key.keyId, key] as const)));
  const signers: PossibleSigner[] = [];
  for (const { keyId, subjectKey } of keys.values()) {
    const key = await importSubjectKey(subjectKey);
    signers.push({ required: { kind: 'key', key, minimums: noMinimums }, keyId });
  }
  return signers;
}

function listIdentities(rules: readonly SignerRule[]): PossibleSigner[] {
  const identities = rules.flatMap((rule) => rule.identities);
  if (identities.length === 0) return [];
  return [{ required: { kind: 'policy', policy: { identities, ...noMinimums } }, keyId: undefined }];
}

/** A bundle that was verified, or why it was not. */
async function tryBundle(
  bundle: Bundle,
  { signer, root, context }: { signer: PossibleSigner; root: TrustedRoot; context: GatheringContext },
): Promise<{ readonly bundle: VerifiedBundle; readonly keyId: string | undefined } | string> {
  try {
    const verified = await verifyBundle(bundle, {
      artifact: { kind: 'digests', digests: context.digests },
      trustedRoot: root,
      signer: signer.required,
      now: context.now,
    });
    return { bundle: verified, keyId: signer.keyId };
  } catch (error) {
    return reasonOf(error);
  }
}

function describe(
  { bundle, keyId }: { readonly bundle: VerifiedBundle; readonly keyId: string | undefined },
  trustRoot: string,
): VerifiedSignature {
  const { signer, times, logEntries, scts } = bundle;
  return {
    signer:
      signer.kind === 'certificate'
        ? { kind: 'certificate', claims: signer.claims }
        : { kind: 'key', keyId: keyId ?? 'unknown' },
    trustRoot,
    // What one log or authority says twice counts once.
    logEntries: new Set(logEntries.map(({ log }) => log)).size,
    scts: new Set(scts.map(({ log }) => log)).size,
    timestamps: new Set(times.flatMap((time) => (time.kind === 'timestamp' ? [time.authority] : []))).size,
    signedAt: times.length === 0 ? undefined : Math.min(...times.map(({ time }) => time)),
  };
}

/** What cosign makes of a plain signature since version 3. */
const cosignSignType = 'https://sigstore.dev/cosign/sign/v1';

/**
 * Counts what says that its signer made or released the artifact: a plain signature, provenance, a release statement. That somebody tested
 * it, or found it wanting, is signed in the same way and says nothing of the kind.
 */
function readSignature(judged: Judged<JudgedBundle>): Judged<VerifiedSignature> {
  if (judged.state !== 'verified') return judged;
  const { content } = judged.value.bundle;
  const type = content.kind === 'statement' ? content.statement.predicateType : undefined;
  if (type === undefined || type === cosignSignType || isProvenanceType(type) || isReleaseType(type)) {
    return { ...judged, value: judged.value.signature };
  }
  const reason = `expected a signature, provenance or a release statement, got ${type.slice(0, 200)}`;
  return { state: 'refused', document: judged.document, reason };
}

function isAboutBuild(judged: Judged<JudgedBundle>): boolean {
  if (judged.state !== 'verified') return true;
  const { content } = judged.value.bundle;
  return content.kind === 'statement' && isProvenanceType(content.statement.predicateType);
}

function isProvenanceType(type: string): boolean {
  return Object.values<string>(provenanceTypes).includes(type);
}

function readProvenance(judged: Judged<JudgedBundle>, { builders }: GatheringContext): Judged<ProvenanceFacts> {
  if (judged.state !== 'verified') return judged;
  const { bundle, signature } = judged.value;
  if (bundle.content.kind !== 'statement') throw new TypeError('expected a statement');
  try {
    const provenance = parseProvenance(bundle.content.statement);
    const claims = bundle.signer.kind === 'certificate' ? bundle.signer.claims : undefined;
    const { level } = deriveBuildLevel(provenance, { signer: claims, builders });
    const { builderId: builder, buildType, source } = provenance;
    const value = { signature, builder, buildType, source: source?.repository, level };
    return { state: 'verified', document: judged.document, value };
  } catch (error) {
    return { state: 'refused', document: judged.document, reason: reasonOf(error) };
  }
}

/** A refusal in words; anything else is a fault of ours and goes up. */
function reasonOf(error: unknown): string {
  if (error instanceof TrustError) return `${error.code}: ${error.message}`;
  throw error;
}
