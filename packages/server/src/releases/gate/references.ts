/** What a manifest says of the evidence: the verdict, the overrides, and every document by its digest. */
import type { EvidenceReference, ReleaseEvidenceFacts } from '@signpost/protocol/updates/release-evidence';
import type { EvidenceDocumentRow } from '../../evidence/documents/store.ts';
import type { ReleaseInProject } from '../lifecycle/release.ts';
import type { Judgement } from './judge.ts';

/** The path at which a document is served. */
export function documentUrl(slug: string, version: string, sha256: string): string {
  return `/api/projects/${slug}/releases/${encodeURIComponent(version)}/evidence/${sha256}`;
}

/** The member `evidence` of a manifest; undefined when there is neither a policy nor a document. */
export function describeEvidence(
  { project, release }: ReleaseInProject,
  { basis: { policy, overrides, artifacts, sboms }, verdict }: Judgement,
  documents: readonly EvidenceDocumentRow[],
): ReleaseEvidenceFacts | undefined {
  if (!policy && documents.length === 0 && sboms.length === 0) return undefined;
  const names = new Map(artifacts.map(({ id, name }) => [id, name]));
  const references = documents.flatMap(({ artifact_id: id, kind, sha256 }): EvidenceReference[] => {
    const artifact = names.get(id);
    const url = documentUrl(project.slug, release.version, sha256);
    return artifact === undefined ? [] : [{ artifact, kind, sha256, url }];
  });
  const lists = sboms.flatMap(({ artifact_sha256, sha256 }): EvidenceReference[] => {
    const artifact = artifacts.find((candidate) => candidate.sha256 === artifact_sha256);
    const url = documentUrl(project.slug, release.version, sha256);
    return artifact === undefined ? [] : [{ artifact: artifact.name, kind: 'sbom', sha256, url }];
  });
  return {
    verdict: policy &&
      verdict && {
        result: verdict.result,
        mode: verdict.mode,
        policySha256: policy.sha256,
        overrides: overrides.map(({ rules, reason, expiresAt }) => ({ rules, reason, expiresAt })),
      },
    documents: [...references, ...lists],
  };
}
