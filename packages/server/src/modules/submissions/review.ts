/** What ends a submission: the author takes it back, or a manager refuses or approves it, each once. */
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { discardDraft, isDiscardable } from '../../releases/discarded/discard.ts';
import { hideRelease } from '../../releases/lifecycle/release.ts';
import { findRelease, listArtifacts } from '../../releases/lifecycle/store.ts';
import type { Catalogues } from '../../releases/projects/catalogues.ts';
import type { PartFiles } from '../../releases/uploads/part-files.ts';
import { endUpload } from '../../releases/uploads/upload.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { findOwnership, updateOwnership } from '../authors/store.ts';
import { type Proposal, readChange } from '../members/change.ts';
import { applyChange, requireModule } from '../members/module.ts';
import { assertStillAbove } from './author-counter.ts';
import { recordSubmissionEvent } from './event.ts';
import { findSubmission, forgetRelease, moveSubmission, type NamedSubmission, type SubmissionReach } from './store.ts';

/** What reviews work with. */
export interface ReviewParts {
  readonly database: Database;
  readonly parts: PartFiles;
  readonly now: () => number;
  readonly catalogues: Catalogues;
}

/** Which submission, of those that whoever asks may see. */
export interface SubmissionName {
  readonly reach: SubmissionReach;
  readonly id: string;
}

/** What a manager says with an approval. */
export interface Approval {
  readonly collection: string;
  readonly note: string | undefined;
  /** The id of the author's new key, where it is not the one that was approved before. */
  readonly acceptAuthorKey: string | undefined;
}

/**
 * The author takes a submission back, also when the module is somebody else's by now; the draft is discarded, and the version free again. Throws `conflict`
 * once it is decided, and while it is inspected.
 */
export async function withdrawSubmission(
  { database, parts, now, catalogues }: ReviewParts,
  caller: Caller,
  name: SubmissionName,
): Promise<NamedSubmission> {
  const at = now();
  const row = await database.transaction(async (tx) => {
    const before = await requireSubmission(tx, name);
    if (before.state === 'receiving') await endUpload(tx, { parts }, before.upload_id);
    else assertState(before, 'submitted');
    await end(tx, caller, { row: before, topic: 'submission.withdrawn', note: undefined, at });
    await dropDraft(tx, catalogues, { caller, row: before, at });
    return requireSubmission(tx, name);
  });
  await parts.remove(row.upload_id);
  return row;
}

/** A manager refuses, with a reason that the author reads; the draft is discarded, and the version free again. Throws `conflict` when it does not wait. */
export async function refuseSubmission(
  { database, now, catalogues }: Omit<ReviewParts, 'parts'>,
  caller: Caller,
  { name, reason }: { readonly name: SubmissionName; readonly reason: string },
): Promise<NamedSubmission> {
  const at = now();
  return database.transaction(async (tx) => {
    const row = await requireSubmission(tx, name);
    assertState(row, 'submitted');
    await end(tx, caller, { row, topic: 'submission.refused', note: reason, at });
    await dropDraft(tx, catalogues, { caller, row, at });
    return requireSubmission(tx, name);
  });
}

/**
 * A manager approves exactly what was received: from now on the release can be activated, the module says what its author proposed, and their key is the
 * one of the module. Throws `conflict` when it does not wait, when the draft is not what was received, for another key of the author
 * than before that is not named, for none where there was one, and for a statement that is not above what was approved of its key.
 */
export async function approveSubmission(
  { database, now, catalogues }: Omit<ReviewParts, 'parts'>,
  caller: Caller,
  { name, approval }: { readonly name: SubmissionName; readonly approval: Approval },
): Promise<NamedSubmission> {
  const at = now();
  return database.transaction(async (tx) => {
    const row = await requireSubmission(tx, name);
    assertState(row, 'submitted');
    await assertAsReceived(tx, row);
    await takeAuthorKey(tx, caller, { row, approval, at });
    await end(tx, caller, { row, topic: 'submission.approved', note: approval.note, at });
    await applyFacts(tx, catalogues, { caller, row, collection: approval.collection, at });
    return requireSubmission(tx, name);
  });
}

/** The submission, or `not_found` when it is none that whoever asks may see. */
export async function requireSubmission(query: Query, { reach, id }: SubmissionName): Promise<NamedSubmission> {
  const row = await findSubmission(query, reach, id);
  if (!row) throw new Refusal('not_found', 'no such submission');
  return row;
}

function assertState({ state }: NamedSubmission, expected: 'submitted'): void {
  if (state === expected) return;
  throw new Refusal('conflict', `the submission is ${state}, expected it to be ${expected}`, {
    rule: 'submission-state',
    hint: state === 'approved' ? 'signpost release activate puts it into service' : 'signpost module submissions',
  });
}

interface Ending {
  readonly row: NamedSubmission;
  readonly topic: 'submission.withdrawn' | 'submission.refused' | 'submission.approved';
  readonly note: string | undefined;
  readonly at: number;
}

const endStates = {
  'submission.withdrawn': 'withdrawn',
  'submission.refused': 'refused',
  'submission.approved': 'approved',
} as const;

async function end(tx: Transaction<Schema>, caller: Caller, { row, topic, note = '', at }: Ending): Promise<void> {
  const change = { state: endStates[topic], note: note === '' ? null : note, updated_at: at };
  // Whoever decides second finds another state here.
  if (!(await moveSubmission(tx, row.id, { from: row.state, change }))) {
    throw new Refusal('conflict', 'the submission was decided meanwhile', { rule: 'submission-state' });
  }
  await recordSubmissionEvent(tx, row, { topic, at });
  await recordAudit(tx, at, {
    ...caller,
    action: topic,
    object: { kind: 'submission', id: row.id },
    detail: { module: row.slug, version: row.version, ...(note === '' ? {} : { note }) },
  });
}

interface Act {
  readonly caller: Caller;
  readonly row: NamedSubmission;
  readonly at: number;
}

/** Nothing was published of it, so nothing speaks for keeping it. A draft that somebody put another file into is only hidden: that file is not the author's. */
async function dropDraft(tx: Transaction<Schema>, catalogues: Catalogues, { caller, row, at }: Act): Promise<void> {
  if (row.release_id === null) return;
  const release = await findRelease(tx, row.module_id, row.version);
  if (release?.id !== row.release_id) return;
  const name = { slug: row.slug, version: row.version };
  if (!(await isDiscardable(tx, release, row.artifact_id))) {
    if (release.deleted_at === null) await hideRelease(tx, catalogues, { caller, name, at });
    return;
  }
  await forgetRelease(tx, release.id);
  await discardDraft(tx, release, { caller, slug: row.slug, at });
}

/** What was approved is what was inspected: one file, and nobody else's beside it. */
async function assertAsReceived(query: Query, row: NamedSubmission): Promise<void> {
  const release = await findRelease(query, row.module_id, row.version);
  const files = release ? await listArtifacts(query, [release.id]) : [];
  const isSame = files.length === 1 && files[0]?.id === row.artifact_id;
  if (release?.state === 'draft' && release.deleted_at === null && isSame) return;
  throw new Refusal('conflict', `the draft ${row.version} of ${row.slug} is not what was handed in`, {
    rule: 'submission-changed',
    hint: 'refuse it, and ask for another version',
  });
}

interface KeyDecision {
  readonly row: NamedSubmission;
  readonly approval: Approval;
  readonly at: number;
}

/** The first key of a module is its author's; another one needs to be named by whoever approves it. */
async function takeAuthorKey(
  tx: Transaction<Schema>,
  caller: Caller,
  { row, approval, at }: KeyDecision,
): Promise<void> {
  const ownership = await findOwnership(tx, row.module_id);
  if (ownership?.author_id !== row.author_id) {
    throw new Refusal('conflict', `the module ${row.slug} was given to somebody else meanwhile`, {
      rule: 'module-owner',
      hint: 'signpost module refuse',
    });
  }
  const { public_key: before } = ownership;
  if (row.public_key === null && before !== null) throw unsigned(row);
  await assertStillAbove(tx, row);
  const change = { approved_at: ownership.approved_at ?? at, public_key: row.public_key ?? before };
  if (row.public_key !== null && before !== null && before !== row.public_key) {
    const { keyId } = await parsePublicKey(row.public_key);
    if (approval.acceptAuthorKey !== keyId) {
      throw new Refusal('conflict', `another key than before signed it: ${keyId}`, {
        rule: 'author-key-changed',
        hint: `ask the author by another way; then --accept-author-key ${keyId}`,
      });
    }
    await recordKeyChange(tx, caller, { row, collection: approval.collection, keyId, at });
  }
  await updateOwnership(tx, row.module_id, change);
}

/** It was handed in before the signed one that was approved first. */
function unsigned({ slug, version }: NamedSubmission): Refusal {
  return new Refusal('conflict', `expected the author's signature over ${version}: ${slug} is signed by now`, {
    rule: 'author-signature-missing',
    hint: 'refuse it, and ask for a version that is signed',
  });
}

async function recordKeyChange(
  tx: Transaction<Schema>,
  caller: Caller,
  { row, collection, keyId, at }: { row: NamedSubmission; collection: string; keyId: string; at: number },
): Promise<void> {
  await recordEvent(tx, {
    ...{ id: createId(at), organisationId: row.organisation_id, topic: 'module.author_key_changed', at },
    payload: { collection, project: row.slug, version: row.version, key_id: keyId, approved: true },
  });
  await recordAudit(tx, at, {
    ...caller,
    action: 'module.author_key_changed',
    object: { kind: 'module', id: row.slug },
    detail: { version: row.version, key_id: keyId },
  });
}

async function applyFacts(
  tx: Transaction<Schema>,
  catalogues: Catalogues,
  { caller, row, collection, at }: Act & { readonly collection: string },
): Promise<void> {
  if (row.facts === null) return;
  const facts = JSON.parse(row.facts) as Proposal;
  const name = { collection, slug: row.slug };
  const { primary_locale } = await requireModule(tx, caller.organisationId, name);
  const change = readChange(facts, facts.primary_locale ?? primary_locale);
  await applyChange(tx, catalogues, { caller, name, change, at });
}
