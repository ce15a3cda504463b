/** Approval: maintainers sign a proposed manifest with keys that the server never sees. */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { isSignature, type PublicKey } from '@signpost/protocol/keys/ed25519';
import { encodeEnvelope, maxSignatures } from '@signpost/protocol/updates/envelope';
import { parseManifest } from '@signpost/protocol/updates/manifest';
import { encodeReleaseEvidence, type ReleaseEvidenceFacts } from '@signpost/protocol/updates/release-evidence';
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import { findUsableKeys, type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ApprovalTable } from '../../storage/tables/releases.ts';
import { admitRelease } from '../gate/admit.ts';
import { attachedDocuments } from '../gate/issue.ts';
import { assertUnchanged, type GateParts, type PublishingParts } from '../gate/judge.ts';
import { recordVerdict } from '../gate/record.ts';
import { describeEvidence } from '../gate/references.ts';
import { takeCounter } from '../projects/store.ts';
import { makeActive } from './activation.ts';
import { logManifest } from './logged.ts';
import {
  approvalsNeeded,
  buildManifestDocument,
  type ManifestSource,
  manifestExpiry,
  requireTrust,
} from './manifest.ts';
import {
  type ReleaseDependencies,
  type ReleaseInProject,
  type ReleaseName,
  recordReleaseAct,
  requireRelease,
} from './release.ts';
import {
  findHighestServedCounter,
  findProposal,
  insertApproval,
  insertManifest,
  listApprovals,
  listArtifacts,
  type ManifestRow,
  serveProposal,
  voidProposals,
} from './store.ts';

/** A manifest that waits for signatures. */
export interface Proposal {
  readonly manifestId: string;
  /** The canonical text that is signed. */
  readonly document: string;
  readonly needed: number;
  /** Ids of the keys that have signed and still count. */
  readonly approvals: readonly string[];
}

/** What an approval led to. */
export interface ApprovalOutcome {
  readonly proposal: Proposal;
  /** Set when this signature was the last one needed: the release is active. */
  readonly manifest: VerifiedManifest | undefined;
}

/** How long a manifest that maintainers sign stays fresh at least, in days: the server cannot sign it again. */
const minApprovedDays = 365;

/**
 * Makes the manifest that maintainers are to sign; `keyId` is the key whose signature clients of the older format will
 * check. A proposal that waited is given up. Throws `conflict` when the trust list demands no approval.
 */
export async function proposeRelease(
  parts: GateParts,
  caller: Caller,
  { name, keyId }: { name: ReleaseName; keyId: string },
): Promise<Proposal> {
  const judgement = await admitRelease(parts, caller, name);
  return parts.database.transaction(async (tx) => {
    const at = parts.now();
    const subject = await requireRelease(tx, caller.organisationId, name);
    await assertUnchanged(tx, judgement, { organisationId: caller.organisationId, subject, at });
    const trust = await requireTrust(tx, caller.organisationId, at);
    const needed = approvalsNeeded(trust, name.slug);
    if (needed === 0) {
      throw new Refusal('conflict', `the trust list demands no approval for ${name.slug}`, {
        rule: 'approval-not-needed',
        hint: 'signpost release activate, or first: signpost root set-project',
      });
    }
    assertProposable(subject);
    requireMaintainer(trust, { slug: name.slug, keyId, at });
    await voidProposals(tx, subject.release.id);
    const evidence = describeEvidence(subject, judgement, attachedDocuments(judgement));
    const row = await createProposal(tx, subject, { trust, keyId, at, evidence });
    await recordReleaseAct(tx, {
      caller,
      at,
      action: 'release.proposed',
      name,
      detail: { counter: row.counter, key_id: keyId, needed },
    });
    return { manifestId: row.id, document: row.document, needed, approvals: [] };
  });
}

interface ProposalFacts extends Pick<ManifestSource, 'keyId' | 'evidence'> {
  readonly trust: VerifiedTrustList;
  readonly at: number;
}

async function createProposal(
  tx: Transaction<Schema>,
  subject: ReleaseInProject,
  { trust, keyId, at, evidence }: ProposalFacts,
): Promise<ManifestRow> {
  const { project, release } = subject;
  const expiresAt = Math.max(manifestExpiry(project, at), at + minApprovedDays * 86_400_000);
  const document = buildManifestDocument({
    ...subject,
    artifacts: await listArtifacts(tx, [release.id]),
    counter: await takeCounter(tx, project.id),
    counterEpoch: findProjectRule(trust, project.slug).counterEpoch,
    keyId,
    signedAt: at,
    expiresAt,
    evidence,
  });
  const row: ManifestRow = {
    id: createId(at),
    project_id: project.id,
    release_id: release.id,
    channel: release.channel,
    counter: parseManifest(document).counter,
    state: 'proposed',
    document: encodeCanonicalText(document),
    envelope: null,
    expires_at: expiresAt,
    created_at: at,
  };
  await insertManifest(tx, row);
  return row;
}

/** The proposal that waits, or `not_found`. */
export async function readProposal(
  { database, now }: Pick<ReleaseDependencies, 'database' | 'now'>,
  organisationId: string,
  name: ReleaseName,
): Promise<Proposal> {
  const { release } = await requireRelease(database.query, organisationId, name);
  const row = await findProposal(database.query, release.id);
  if (!row) throw new Refusal('not_found', 'no proposal waits for this release');
  return describeProposal(database.query, row, {
    slug: name.slug,
    trust: await requireTrust(database.query, organisationId, now()),
    at: now(),
  });
}

/**
 * Takes a maintainer's signature. With the last one needed, the lead's among them, the release becomes active in the
 * same transaction. Throws `trust_refused` for a key or signature that clients would not accept.
 */
export async function approveRelease(
  parts: PublishingParts,
  caller: Caller,
  { name, manifestId, keyId, sig }: { name: ReleaseName; manifestId: string; keyId: string; sig: string },
): Promise<ApprovalOutcome> {
  const judgement = await admitRelease(parts, caller, name);
  return parts.database.transaction(async (tx) => {
    const at = parts.now();
    const subject = await requireRelease(tx, caller.organisationId, name);
    const trust = await requireTrust(tx, caller.organisationId, at);
    const row = await findProposal(tx, subject.release.id);
    if (row?.id !== manifestId)
      throw new Refusal('conflict', 'the proposal was replaced', {
        rule: 'proposal-replaced',
        hint: 'look at it again: signpost approve',
      });
    assertEvidenceStands(row, describeEvidence(subject, judgement, attachedDocuments(judgement)));
    await assertSignature(requireMaintainer(trust, { slug: name.slug, keyId, at }), sig, row.document);
    await insertApproval(tx, { manifest_id: row.id, key_id: keyId, signature: sig, created_at: at });
    const proposal = await describeProposal(tx, row, { slug: name.slug, trust, at });
    const envelope = await encodeApproved(tx, row, proposal);
    if (envelope !== undefined) {
      await assertUnchanged(tx, judgement, { organisationId: caller.organisationId, subject, at });
      await recordVerdict(tx, caller, { subject, judgement, moment: 'activation', at });
    }
    const manifest =
      envelope === undefined ? undefined : await serveApproved(tx, subject, { row, envelope, trust, at });
    if (manifest) await logManifest(tx, parts, { organisationId: caller.organisationId, manifest });
    const detail = { key_id: keyId, counter: row.counter, approvals: proposal.approvals.length };
    await recordReleaseAct(tx, { caller, at, action: 'release.approved', name, detail });
    if (manifest) {
      await recordReleaseAct(tx, {
        caller,
        at,
        action: 'release.activated',
        name,
        detail: {
          ...{ counter: row.counter, channel: row.channel },
          ...{ key_id: manifest.keyId, sha256: manifest.digest },
        },
      });
    }
    if (manifest) await parts.catalogues.reflect(tx, { project: subject.project, act: 'published', at });
    return { proposal, manifest };
  });
}

/** What maintainers sign says what the policy says now: an override that came later would be in no manifest. */
function assertEvidenceStands({ document }: ManifestRow, evidence: ReleaseEvidenceFacts | undefined): void {
  const proposed = (parseSignableText(document) as SignableObject).evidence;
  const isSame =
    proposed === undefined || evidence === undefined
      ? proposed === evidence
      : encodeCanonicalText(proposed) === encodeCanonicalText(encodeReleaseEvidence(evidence));
  if (isSame) return;
  throw new Refusal('conflict', 'the evidence or the policy is not what it was when the release was proposed', {
    rule: 'proposal-outdated',
    hint: 'propose the release again: signpost release propose --again',
  });
}

/** The envelope once enough usable keys have signed and the lead is one of them; undefined before. */
async function encodeApproved(
  tx: Transaction<Schema>,
  row: ManifestRow,
  proposal: Proposal,
): Promise<string | undefined> {
  const document = parseSignableText(row.document) as SignableObject;
  const lead = parseManifest(document).keyId;
  if (proposal.approvals.length < proposal.needed || !proposal.approvals.includes(lead)) return undefined;
  const counted = (await listApprovals(tx, row.id)).filter(({ key_id }) => proposal.approvals.includes(key_id));
  // While the lead had not signed, more may have than an envelope holds; the threshold needs no more than fit.
  const leadFirst = [
    ...counted.filter(({ key_id }) => key_id === lead),
    ...counted.filter(({ key_id }) => key_id !== lead),
  ].slice(0, maxSignatures);
  return encodeEnvelope(
    'manifest',
    document,
    leadFirst.map(({ key_id, signature }: ApprovalTable) => ({ key_id, sig: signature })),
  );
}

async function serveApproved(
  tx: Transaction<Schema>,
  subject: ReleaseInProject,
  { row, envelope, trust, at }: { row: ManifestRow; envelope: string; trust: VerifiedTrustList; at: number },
): Promise<VerifiedManifest> {
  const { project } = subject;
  if (row.counter <= (await findHighestServedCounter(tx, project.id, row.channel))) {
    throw new Refusal('conflict', 'a newer manifest was published meanwhile', {
      rule: 'proposal-outdated',
      hint: 'propose the release again: signpost release propose --again',
    });
  }
  const manifest = await verifyManifest(encodeText(envelope), {
    trust,
    project: project.slug,
    channel: row.channel,
    now: at,
  });
  await makeActive(tx, subject, { at, keepProposal: true });
  if (!(await serveProposal(tx, row.id, envelope)))
    throw new Refusal('conflict', 'the proposal was replaced', { rule: 'proposal-replaced' });
  return manifest;
}

async function describeProposal(
  query: Query,
  row: ManifestRow,
  { slug, trust, at }: { slug: string; trust: VerifiedTrustList; at: number },
): Promise<Proposal> {
  const usable = new Set(listMaintainers(trust, slug, at).map(({ keyId }) => keyId));
  const approvals = (await listApprovals(query, row.id))
    .map(({ key_id }) => key_id)
    .filter((keyId) => usable.has(keyId));
  return { manifestId: row.id, document: row.document, needed: approvalsNeeded(trust, slug), approvals };
}

function listMaintainers(trust: VerifiedTrustList, slug: string, at: number): readonly PublicKey[] {
  return findUsableKeys(trust, slug, at)
    .filter(({ custody }) => custody === 'maintainer')
    .map(({ key }) => key);
}

function requireMaintainer(
  trust: VerifiedTrustList,
  { slug, keyId, at }: { slug: string; keyId: string; at: number },
): PublicKey {
  const key = listMaintainers(trust, slug, at).find((candidate) => candidate.keyId === keyId);
  if (!key) {
    throw new Refusal('trust_refused', `the trust list in force names no maintainer of ${slug} with this key`, {
      rule: 'not-a-maintainer',
      hint: 'signpost root add-key --custody maintainer, signpost root sign, signpost trust import',
    });
  }
  return key;
}

async function assertSignature(key: PublicKey, sig: string, document: string): Promise<void> {
  const signature = parseBase64(sig);
  if (encodeBase64(signature) !== sig || !(await isSignature(key, signature, encodeText(document)))) {
    throw new Refusal('trust_refused', "the signature is not this key's over the proposal", { rule: 'bad-signature' });
  }
}

function assertProposable({ release }: ReleaseInProject): void {
  if (release.state === 'draft' || release.state === 'active' || release.state === 'superseded') return;
  throw new Refusal('conflict', `a release that is ${release.state} cannot be proposed`, {
    rule: 'release-state',
    hint: 'signpost release restore makes a draft of it again',
  });
}
