/** Facts of what was found beside an artifact: who signed it, how it was built, whether it has an SBOM. */
import { createHash } from 'node:crypto';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { parseVouch, vouchType } from '@signpost/protocol/intoto/vouch';
import type { BuilderTable } from '@signpost/protocol/sigstore/builder-table';
import type { ObservedBundle } from '@signpost/protocol/sigstore/observe-bundle';
import type { FactSet, ProvenanceFact, SignatureFact, VouchFact } from '../../facts/fact-set.ts';
import { identityOf } from '../../facts/identity.ts';
import { compareTexts, encodePlain } from '../../facts/plain-text.ts';
import type { FoundSignature } from './found-signature.ts';
import { type JudgedSignature, type JudgingContext, judgeSignature } from './judge-signature.ts';
import { readProvenance } from './provenance-fact.ts';

/** What is needed beside the signatures themselves. */
export interface ObservingContext extends JudgingContext {
  readonly builders: BuilderTable;
}

/** What they say. Equal facts are there once, and in an order that does not depend on where they were found. */
export interface BundleFacts {
  readonly signatures: readonly SignatureFact[];
  readonly provenance: readonly ProvenanceFact[];
  /** Absent: there are none. */
  readonly vouches?: readonly VouchFact[] | undefined;
  readonly sbom: Exclude<FactSet['sbom'], 'unknown'>;
  /** When the first verified signature of the artifact is proven to have been there, Unix ms. */
  readonly signedAt: number | undefined;
}

/** Judges all that was found. Every attestation counts as a signature, too: whoever says something of the artifact is known. Throws nothing for what they hold. */
export async function observeBundles(
  found: readonly FoundSignature[],
  context: ObservingContext,
): Promise<BundleFacts> {
  const all: { readonly found: FoundSignature; readonly judged: JudgedSignature }[] = [];
  for (const one of found) all.push({ found: one, judged: await judgeSignature(one, context) });
  const vouches = orderFacts(all.flatMap((one) => readVouch(one.judged)));
  // It is about a signer, and no signature of the artifact that it lies beside.
  const judged = all.filter((one) => !isVouch(one.judged));
  const provenance = judged
    .map((one) => readProvenance(one.judged, context.builders))
    .filter((fact) => fact !== undefined);
  return {
    signatures: orderFacts(judged.map(describeSignature)),
    provenance: orderFacts(provenance),
    ...(vouches.length > 0 && { vouches }),
    sbom: readSbom(judged.map((one) => one.judged)),
    signedAt: readSignedAt(judged.map((one) => one.judged)),
  };
}

function orderFacts<Fact>(facts: readonly Fact[]): readonly Fact[] {
  const texts = new Map(facts.map((fact) => [encodePlain(fact), fact]));
  return [...texts].sort(([left], [right]) => compareTexts(left, right)).map(([, fact]) => fact);
}

function describeSignature({
  found,
  judged,
}: {
  readonly found: FoundSignature;
  readonly judged: JudgedSignature;
}): SignatureFact {
  const { format } = found;
  const kind = kindOf(found, judged);
  if (judged.outcome !== 'verified') {
    return { kind, format, outcome: judged.outcome, reason: judged.reason, transparency: 'none' };
  }
  const { observed } = judged;
  const transparency = rankTransparency(observed);
  if (isAboutAnother(observed)) {
    return { kind, format, outcome: 'invalid', reason: 'subject_mismatch' satisfies TrustErrorCode, transparency };
  }
  return { kind, format, outcome: 'verified', ...nameSigner(observed), transparency };
}

function kindOf(found: FoundSignature, { bundle }: JudgedSignature): SignatureFact['kind'] {
  if (found.kind === 'foreign') return 'x509';
  return bundle?.signer.kind === 'key' ? 'key' : 'keyless';
}

function nameSigner({ signer }: ObservedBundle): Pick<SignatureFact, 'identity' | 'key'> {
  if (signer.kind === 'certificate') return { identity: identityOf(signer.claims) };
  return { key: createHash('sha256').update(signer.key.subjectKey.spki).digest('hex') };
}

function rankTransparency({ logEntries }: ObservedBundle): SignatureFact['transparency'] {
  if (logEntries.some(({ evidence }) => evidence === 'proof')) return 'included';
  return logEntries.length > 0 ? 'promised' : 'none';
}

function isAboutAnother({ content }: ObservedBundle): boolean {
  return content.kind === 'statement' && !content.isAboutArtifact;
}

function isVouch(judged: JudgedSignature): boolean {
  if (judged.outcome !== 'verified') return false;
  const { content } = judged.observed;
  return content.kind === 'statement' && content.statement.predicateType === vouchType;
}

/** One that is not as it should be says nothing. */
function readVouch(judged: JudgedSignature): readonly VouchFact[] {
  if (judged.outcome !== 'verified' || !isVouch(judged)) return [];
  const { observed } = judged;
  if (observed.content.kind !== 'statement') return [];
  try {
    return [{ by: nameSigner(observed), vouch: parseVouch(observed.content.statement) }];
  } catch (error) {
    if (error instanceof TrustError) return [];
    throw error;
  }
}

/** Predicates that are SBOMs (in-toto/attestation, spec/predicates), in every version. */
const sbomPredicates = /^https:\/\/(?:spdx\.dev\/Document|cyclonedx\.org\/(?:bom|schema|specification))(?:[/#]|$)/;

function readSbom(judged: readonly JudgedSignature[]): BundleFacts['sbom'] {
  const contents = judged.flatMap((one) => (one.outcome === 'verified' ? [one.observed.content] : []));
  const about = contents.flatMap((content) =>
    content.kind === 'statement' && sbomPredicates.test(content.statement.predicateType)
      ? [content.isAboutArtifact]
      : [],
  );
  if (about.includes(true)) return 'about-subject';
  return about.includes(false) ? 'about-another' : 'absent';
}

function readSignedAt(judged: readonly JudgedSignature[]): number | undefined {
  const times = judged.flatMap((one) =>
    one.outcome === 'verified' && !isAboutAnother(one.observed) ? one.observed.times.map(({ time }) => time) : [],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}
