/** What a signed statement says about how the artifact was built (SLSA provenance v0.2 and v1). */
import { TrustError } from '@signpost/protocol/errors';
import { isProvenance, parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import { parseStatement, type Statement } from '@signpost/protocol/intoto/statement';
import { deriveBuildLevel } from '@signpost/protocol/sigstore/build-level';
import type { BuilderTable } from '@signpost/protocol/sigstore/builder-table';
import type { ObservedBundle } from '@signpost/protocol/sigstore/observe-bundle';
import type { ProvenanceFact } from '../../facts/fact-set.ts';
import type { JudgedSignature } from './judge-signature.ts';
import { nameRepository } from './repository-url.ts';

/** The fact; nothing for what is no provenance. What nobody verified says nothing but that it is there. */
export function readProvenance(judged: JudgedSignature, builders: BuilderTable): ProvenanceFact | undefined {
  if (judged.outcome !== 'verified') return isClaimed(judged) ? describeFailure(judged.outcome) : undefined;
  const { content } = judged.observed;
  if (content.kind !== 'statement' || !isProvenance(content.statement)) return undefined;
  const { statement, isAboutArtifact } = content;
  return describeStatement(judged.observed, { statement, isAboutArtifact, builders });
}

/** Whether it says of itself that it is provenance. */
function isClaimed({ bundle }: JudgedSignature): boolean {
  if (bundle?.content.kind !== 'envelope') return false;
  try {
    return isProvenance(parseStatement(bundle.content.envelope.payload));
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}

function describeFailure(outcome: 'invalid' | 'unverifiable'): ProvenanceFact {
  return { outcome, isAboutSubject: false, builder: '', level: 0, isCommitLinked: 'unknown' };
}

interface VerifiedStatement {
  readonly statement: Statement;
  readonly isAboutArtifact: boolean;
  readonly builders: BuilderTable;
}

function describeStatement(
  { signer }: ObservedBundle,
  { statement, isAboutArtifact, builders }: VerifiedStatement,
): ProvenanceFact {
  try {
    const provenance = parseProvenance(statement);
    const claims = signer.kind === 'certificate' ? signer.claims : undefined;
    const { builderId: builder } = provenance;
    const named = provenance.source && nameRepository(provenance.source.repository);
    // The certificate's own form, so that another spelling is no contradiction.
    const source = provenance.source && { ...provenance.source, ...(named && { repository: named.repository }) };
    return {
      ...{ outcome: 'verified', isAboutSubject: isAboutArtifact, builder },
      ...named,
      level: deriveBuildLevel({ ...provenance, source }, { signer: claims, builders }).level,
      isCommitLinked: 'unknown',
    };
  } catch (error) {
    if (error instanceof TrustError) return describeFailure('invalid');
    throw error;
  }
}
