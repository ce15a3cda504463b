/** Activation: a draft becomes what clients are told to install, in one transaction. */
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import type { Schema } from '../../storage/schema.ts';
import { openProjectSigner } from '../../trust/signing-keys.ts';
import { admitRelease, rejudgeRelease } from '../gate/admit.ts';
import { issueEvidence, renewEvidence } from '../gate/issue.ts';
import { assertUnchanged, type PublishingParts } from '../gate/judge.ts';
import { recordVerdict } from '../gate/record.ts';
import { describeEvidence } from '../gate/references.ts';
import { takeCounter } from '../projects/store.ts';
import { logManifest } from './logged.ts';
import { approvalsNeeded, buildManifestDocument, manifestExpiry, requireTrust, signManifest } from './manifest.ts';
import { type ReleaseInProject, type ReleaseName, recordReleaseAct, requireRelease } from './release.ts';
import { insertManifest, listArtifacts, moveRelease, retireManifest, supersedeActive, voidProposals } from './store.ts';

/** States from which a release may become active. */
const activatable = ['draft', 'active', 'superseded'] as const;

/**
 * Signs with the server's key and publishes. Throws `conflict` with rule `approval-needed` when the trust list demands
 * maintainers' signatures, `trust_refused` without a usable trust list or key, `vault_locked` while the vault is.
 */
export async function activateRelease(
  dependencies: PublishingParts,
  caller: Caller,
  name: ReleaseName,
): Promise<VerifiedManifest> {
  return publishSigned(dependencies, caller, { name, action: 'release.activated' });
}

/** Signs the active release again, with a later end and under the trust list in force; clients see no new version. */
export async function refreshRelease(
  dependencies: PublishingParts,
  caller: Caller,
  name: ReleaseName,
): Promise<VerifiedManifest> {
  return publishSigned(dependencies, caller, { name, action: 'release.refreshed' });
}

interface Publication {
  readonly name: ReleaseName;
  readonly action: 'release.activated' | 'release.refreshed';
}

async function publishSigned(
  dependencies: PublishingParts,
  caller: Caller,
  { name, action }: Publication,
): Promise<VerifiedManifest> {
  const { database, now, baseUrl } = dependencies;
  const isNew = action === 'release.activated';
  // What is in service stays there until a person withdraws it, or its manifest ends.
  const judgement = await (isNew ? admitRelease : rejudgeRelease)(dependencies, caller, name);
  return database.transaction(async (tx) => {
    const at = now();
    const subject = await requireRelease(tx, caller.organisationId, name);
    await assertUnchanged(tx, judgement, { organisationId: caller.organisationId, subject, at });
    const trust = await requireTrust(tx, caller.organisationId, at);
    assertServerMaySign(trust, name.slug);
    const signer = await openProjectSigner(dependencies, caller.organisationId, {
      query: tx,
      project: name.slug,
      trust,
    });
    const { release, project } = subject;
    const expiresAt = manifestExpiry(project, at);
    const issue = { subject, judgement, issuance: { signer, baseUrl, actor: caller.actor, at } };
    const documents = await (isNew ? issueEvidence : renewEvidence)(tx, issue);
    const document = buildManifestDocument({
      ...subject,
      artifacts: await listArtifacts(tx, [release.id]),
      evidence: describeEvidence(subject, judgement, documents),
      counter: await takeCounter(tx, project.id),
      counterEpoch: findProjectRule(trust, name.slug).counterEpoch,
      keyId: signer.keyId,
      signedAt: at,
      expiresAt,
    });
    const manifest = await signManifest(document, signer, {
      trust,
      project: name.slug,
      channel: release.channel,
      now: at,
    });
    if (isNew) await recordVerdict(tx, caller, { subject, judgement, moment: 'activation', at });
    await makeActive(tx, subject, { at, from: action === 'release.refreshed' ? ['active'] : activatable });
    await insertManifest(tx, {
      id: createId(at),
      project_id: project.id,
      release_id: release.id,
      channel: release.channel,
      counter: manifest.counter,
      state: 'current',
      document: encodeCanonicalText(document),
      envelope: manifest.envelope,
      expires_at: expiresAt,
      created_at: at,
    });
    await logManifest(tx, dependencies, { organisationId: caller.organisationId, manifest });
    await recordReleaseAct(tx, {
      caller,
      at,
      action,
      name,
      detail: {
        ...{ counter: manifest.counter, channel: release.channel },
        ...{ key_id: manifest.keyId, sha256: manifest.digest },
      },
    });
    await dependencies.catalogues.reflect(tx, { project, act: isNew ? 'published' : 'renewed', at });
    return manifest;
  });
}

/** How a release is made active. */
export interface ActivationStep {
  readonly at: number;
  /** The states that it may come from; all that can be activated unless given. */
  readonly from?: readonly (typeof activatable)[number][];
  /** Set when the waiting proposal is the manifest that goes into service. */
  readonly keepProposal?: boolean;
}

/** Makes a release the active one of its channel; its manifest goes into service in the same transaction. */
export async function makeActive(
  tx: Transaction<Schema>,
  { project, release }: ReleaseInProject,
  { at, from = activatable, keepProposal }: ActivationStep,
): Promise<void> {
  await supersedeActive(tx, { projectId: project.id, channel: release.channel, exceptId: release.id });
  if (!(await moveRelease(tx, release.id, { from, to: 'active', now: at }))) {
    throw new Refusal('conflict', `a release that is ${release.state} cannot be activated`, {
      rule: 'release-state',
      hint: 'signpost release restore makes a draft of it again',
    });
  }
  if (keepProposal !== true) await voidProposals(tx, release.id);
  await retireManifest(tx, project.id, release.channel);
}

function assertServerMaySign(trust: VerifiedTrustList, slug: string): void {
  const needed = approvalsNeeded(trust, slug);
  if (needed === 0) return;
  throw new Refusal('conflict', `the trust list demands ${needed} maintainer signatures for ${slug}`, {
    rule: 'approval-needed',
    hint: 'signpost approve PROJECT VERSION --key FILE, on a maintainer machine',
  });
}
