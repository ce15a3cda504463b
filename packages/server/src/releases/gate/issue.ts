/** The documents that a manifest names: those that were attached, and our own statements, signed by the project's key. */
import { findAcceptedLevel } from '@signpost/protocol/policy/rules/provenance';
import type { Transaction } from 'kysely';
import type { EvidenceDocumentRow } from '../../evidence/documents/store.ts';
import { readBuild } from '../../evidence/publishers/provenance.ts';
import { type Issuance, issueStatements, type StatedVerdict } from '../../evidence/statements/issue.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ReleaseInProject } from '../lifecycle/release.ts';
import type { ArtifactRow } from '../lifecycle/store.ts';
import type { Judgement } from './judge.ts';

/** What is put into service, and who signs. */
export interface EvidenceIssue {
  readonly subject: ReleaseInProject;
  readonly judgement: Judgement;
  readonly issuance: Issuance;
}

/** Signs the statements about every file of a release; returns all documents that its manifest names. */
export async function issueEvidence(
  tx: Transaction<Schema>,
  { subject, judgement, issuance }: EvidenceIssue,
): Promise<readonly EvidenceDocumentRow[]> {
  const documents = [...attachedDocuments(judgement)];
  const release = { slug: subject.project.slug, version: subject.release.version };
  for (const artifact of judgement.basis.artifacts) {
    const about = {
      subject: { artifactId: artifact.id, name: artifact.name, sha256: artifact.sha256, sha512: artifact.sha512 },
      release,
      build: await readBuild(tx, artifact.id),
      verdict: stateVerdict(judgement, artifact),
    };
    documents.push(...(await issueStatements(tx, issuance, about)));
  }
  return documents;
}

/** What was issued before, where this key signed it; otherwise issues anew. */
export async function renewEvidence(
  tx: Transaction<Schema>,
  issue: EvidenceIssue,
): Promise<readonly EvidenceDocumentRow[]> {
  const { artifacts, documents } = issue.judgement.basis;
  const kept = artifacts.map(({ id }) => findIssued(documents, id, issue.issuance.signer.keyId));
  if (kept.some((rows) => rows.length === 0)) return issueEvidence(tx, issue);
  return [...attachedDocuments(issue.judgement), ...kept.flat()];
}

/** What was attached to the files of a release. */
export function attachedDocuments({ basis: { documents } }: Judgement): readonly EvidenceDocumentRow[] {
  return documents.filter(({ origin }) => origin === 'attached');
}

/** Of each kind the latest. */
function findIssued(
  documents: readonly EvidenceDocumentRow[],
  artifactId: string,
  keyId: string,
): readonly EvidenceDocumentRow[] {
  const issued = documents.filter(
    (row) => row.artifact_id === artifactId && row.origin === 'issued' && signerOf(row) === keyId,
  );
  return [...new Map(issued.map((row) => [row.kind, row])).values()];
}

/** We wrote it: an envelope with one signature. */
function signerOf({ content }: EvidenceDocumentRow): string | undefined {
  const { signatures } = JSON.parse(content) as { readonly signatures: readonly { readonly keyid?: string }[] };
  return signatures[0]?.keyid;
}

function stateVerdict(
  { basis: { policy, documents }, verdict, facts }: Judgement,
  { id, name }: ArtifactRow,
): StatedVerdict | undefined {
  if (!policy || !verdict) return undefined;
  const rule = policy.policy.provenance;
  const fact = facts.find((one) => one.name === name);
  const inputs = documents.filter(({ artifact_id, origin }) => artifact_id === id && origin === 'attached');
  return {
    passed: verdict.result === 'passed',
    policySha256: policy.sha256,
    buildLevel: rule && fact && findAcceptedLevel(rule, fact),
    inputs: inputs.map(({ sha256 }) => sha256),
  };
}
