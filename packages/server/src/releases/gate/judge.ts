/** Holds the policy of a project against the evidence for a release. */
import { parseHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import { evaluatePolicy } from '@signpost/protocol/policy/evaluate';
import type { ArtifactEvidence, ScanEvidence } from '@signpost/protocol/policy/evidence';
import { gatherEvidence } from '@signpost/protocol/policy/gather';
import type { ReleasePolicy } from '@signpost/protocol/policy/policy';
import type { Verdict } from '@signpost/protocol/policy/verdict';
import { Refusal } from '../../errors.ts';
import {
  type EvidenceDocumentHead,
  type EvidenceDocumentRow,
  listDocumentHeads,
  listDocuments,
} from '../../evidence/documents/store.ts';
import { type RecordedOverride, readOverrides } from '../../evidence/policies/override.ts';
import { type PolicyInForce, readPolicyInForce } from '../../evidence/policies/policy.ts';
import { describeSbomEvidence } from '../../evidence/sbom-evidence.ts';
import { describeSbomFacts } from '../../evidence/sbom-facts.ts';
import { listSboms, type SbomRow } from '../../evidence/sboms/store.ts';
import type { EvidenceSources } from '../../evidence/sources.ts';
import { listTrustDigests } from '../../evidence/trust-roots/store.ts';
import { listSnapshots, listVexIds } from '../../evidence/vulnerabilities/store.ts';
import type { Database, Query } from '../../storage/database.ts';
import type { SigningKeyDependencies } from '../../trust/signing-keys.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import { approvalsNeeded } from '../lifecycle/manifest.ts';
import type { ReleaseInProject } from '../lifecycle/release.ts';
import { type ArtifactRow, listArtifacts } from '../lifecycle/store.ts';
import type { Catalogues } from '../projects/catalogues.ts';
import type { ScanResult } from '../scanner/scan-result.ts';

/** What the gate works with. */
export interface GateParts {
  readonly database: Database;
  readonly now: () => number;
  readonly evidence: EvidenceSources;
}

/** What puts a release into service. */
export interface PublishingParts extends SigningKeyDependencies, GateParts {
  readonly catalogues: Catalogues;
  /** The address of this server, when it has one; statements name it. */
  readonly baseUrl: string | undefined;
}

/** What a verdict hangs on, but for the texts of documents. */
interface GateState {
  readonly policy: PolicyInForce | undefined;
  readonly overrides: readonly RecordedOverride[];
  readonly artifacts: readonly ArtifactRow[];
  readonly documents: readonly EvidenceDocumentHead[];
  readonly sboms: readonly SbomRow[];
  /** How many maintainers the trust list in force asks for. */
  readonly approvals: number;
  /** What else is asked: VEX documents, vulnerability snapshots and trusted roots, by id or digest. */
  readonly asked: readonly string[];
}

/** What a verdict was given on, read at one moment. */
interface GateBasis extends GateState {
  readonly documents: readonly EvidenceDocumentRow[];
}

/** A basis, and what the policy says of it; `verdict` is undefined when there is no policy. */
export interface Judgement {
  readonly basis: GateBasis;
  readonly verdict: Verdict | undefined;
  /** The facts by artifact, in the order of `basis.artifacts`; empty when there is no policy. */
  readonly facts: readonly ArtifactEvidence[];
}

/** Judges a release outside of any transaction: signatures are verified, and that takes its time. */
export async function judgeRelease(
  parts: GateParts,
  organisationId: string,
  subject: ReleaseInProject,
): Promise<Judgement> {
  const at = parts.now();
  const basis = await readBasis(parts.database.query, { organisationId, subject, at });
  const { policy, overrides, approvals } = basis;
  if (!policy) return { basis, verdict: undefined, facts: [] };
  const facts = await gatherFacts(parts, organisationId, { basis, policy: policy.policy, at });
  const verdict = evaluatePolicy(policy.policy, { artifacts: facts, approvals }, { now: at, overrides });
  return { basis, verdict, facts };
}

/**
 * Throws `conflict`, rule `evidence-changed`, when what was judged is no longer what is there. Asked in the transaction that acts on
 * the judgement.
 */
export async function assertUnchanged(query: Query, { basis }: Judgement, place: GatePlace): Promise<void> {
  // Without the texts: others wait for this transaction.
  if (describeState(await readState(query, place)) !== describeState(basis)) {
    throw new Refusal('conflict', 'the evidence or the policy changed meanwhile', {
      rule: 'evidence-changed',
      hint: 'try again',
    });
  }
}

/** What another policy would say of a release, by what is there now. Overrides are left aside: they were given for the one in force. */
export async function judgeUnder(
  parts: GateParts,
  organisationId: string,
  { subject, policy }: { readonly subject: ReleaseInProject; readonly policy: ReleasePolicy },
): Promise<Verdict> {
  const at = parts.now();
  const basis = await readBasis(parts.database.query, { organisationId, subject, at });
  const facts = await gatherFacts(parts, organisationId, { basis, policy, at });
  const approvals = await readApprovals(parts.database.query, { organisationId, subject });
  return evaluatePolicy(policy, { artifacts: facts, approvals }, { now: at });
}

interface GatePlace {
  readonly organisationId: string;
  readonly subject: ReleaseInProject;
  readonly at: number;
}

async function readBasis(query: Query, place: GatePlace): Promise<GateBasis> {
  const state = await readState(query, place);
  const documents = await listDocuments(
    query,
    state.artifacts.map(({ id }) => id),
  );
  return { ...state, documents };
}

async function readState(query: Query, { organisationId, subject, at }: GatePlace): Promise<GateState> {
  const artifacts = await listArtifacts(query, [subject.release.id]);
  const policy = await readPolicyInForce(query, subject.project.id);
  return {
    policy,
    artifacts,
    overrides: policy ? await readOverrides(query, subject.release.id, at) : [],
    documents: await listDocumentHeads(
      query,
      artifacts.map(({ id }) => id),
    ),
    sboms: await listSboms(query, subject.release.id),
    approvals: policy ? await readApprovals(query, { organisationId, subject }) : 0,
    asked: policy ? await listAsked(query, organisationId, subject.release.id) : [],
  };
}

async function readApprovals(
  query: Query,
  { organisationId, subject }: Pick<GatePlace, 'organisationId' | 'subject'>,
): Promise<number> {
  const trust = await readTrustInForce(query, organisationId);
  return trust ? approvalsNeeded(trust, subject.project.slug) : 0;
}

async function listAsked(query: Query, organisationId: string, releaseId: string): Promise<readonly string[]> {
  const snapshots = await listSnapshots(query);
  return [
    ...(await listVexIds(query, releaseId)),
    ...snapshots.map(({ id }) => id),
    ...(await listTrustDigests(query, organisationId)),
  ];
}

/** Everything that a verdict depends on, and that can change while it is given. */
function describeState({ policy, overrides, artifacts, documents, sboms, approvals, asked }: GateState): string {
  return JSON.stringify([
    policy?.version,
    approvals,
    asked,
    overrides.map(({ id }) => id),
    artifacts.map(({ id, scan }) => [id, scan]),
    sboms.map(({ id }) => id),
    documents.filter(({ origin }) => origin === 'attached').map(({ id }) => id),
  ]);
}

async function gatherFacts(
  { database: { query }, evidence: { readTrustedRoots, builders } }: GateParts,
  organisationId: string,
  { basis, policy, at }: { basis: GateBasis; policy: ReleasePolicy; at: number },
): Promise<readonly ArtifactEvidence[]> {
  const trustedRoots = await readTrustedRoots(organisationId);
  const facts: ArtifactEvidence[] = [];
  for (const artifact of basis.artifacts) {
    const { id, name, sha256, sha512 } = artifact;
    const digests = { sha256: parseHex(sha256), sha512: parseHex(sha512) };
    const gathered = await gatherEvidence(policy, documentsOf(basis, id), {
      ...{ digests, trustedRoots, builders, now: at },
    });
    const sboms = await describeSbomEvidence(query, { releaseId: artifact.release_id, artifactSha256: sha256 });
    const scan = describeScan(JSON.parse(artifact.scan) as ScanResult);
    facts.push({ name, sha256, ...gathered, sboms: sboms.map(describeSbomFacts), scan });
  }
  return facts;
}

function documentsOf({ documents }: GateBasis, artifactId: string) {
  return documents
    .filter(({ artifact_id, origin }) => artifact_id === artifactId && origin === 'attached')
    .map(({ name, content }) => ({ name, bytes: encodeText(content) }));
}

function describeScan({ status, scanned_at: scannedAt }: ScanResult): ScanEvidence {
  if (status !== 'clean') return { state: 'unknown' };
  return { state: 'clean', scannedAt: scannedAt === undefined ? undefined : Date.parse(scannedAt) };
}
