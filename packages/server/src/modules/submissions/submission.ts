/** Handing in: an author announces a version of a module, whose bytes then come as those of every upload. */
import { TrustError } from '@signpost/protocol/errors';
import { type AuthorSignature, verifyAuthorSignature } from '@signpost/protocol/updates/author';
import type { Transaction } from 'kysely';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { findRelease, type ReleaseRow } from '../../releases/lifecycle/store.ts';
import { explainTakenSlug } from '../../releases/projects/project.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import {
  addUpload,
  assertUpload,
  noteOf,
  type UploadDependencies,
  type UploadRequest,
} from '../../releases/uploads/upload.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { violationOf } from '../../storage/violation.ts';
import { findOwnership, type OwnershipRow, replaceOwnership } from '../authors/store.ts';
import type { ModuleRow } from '../catalogue/store.ts';
import { type Proposal, readChange } from '../members/change.ts';
import { addModule, assertFacts } from '../members/module.ts';
import { findModule } from '../members/store.ts';
import { assertNewCounter } from './author-counter.ts';
import { assertMayPropose, assertWithinLimits } from './limits.ts';
import { findHolding, insertSubmission, type SubmissionRow } from './store.ts';
import type { Submitter } from './submitter.ts';

/** What submissions work with, beside uploads. */
export type SubmissionParts = Pick<UploadDependencies, 'database' | 'parts' | 'config' | 'now'>;

/** What an author hands in. */
export interface SubmissionWish {
  readonly module: string;
  /** Version, file, size, digest, changelog. */
  readonly upload: UploadRequest;
  /** What the catalogue is to say of the module, once a manager approves. */
  readonly facts: Proposal | undefined;
  /** By the author's own key, over the statement of the protocol. */
  readonly author: AuthorSignature | undefined;
}

/**
 * Announces a version. A slug that is free is the author's from then on, as a module that shows nothing until it is approved. Throws as `createUpload`;
 * `forbidden` for a module of somebody else or one that the key is not for, `conflict` naming the state of a version that is taken, and as the limits do.
 */
export async function submit(
  parts: SubmissionParts,
  submitter: Submitter,
  { collection, wish }: { readonly collection: ProjectRow; readonly wish: SubmissionWish },
): Promise<SubmissionRow> {
  assertUpload(parts, wish.upload);
  assertProposal(wish.facts);
  assertBound(submitter, wish.module);
  const keyId = await verifyAuthor(collection, wish);
  const at = parts.now();
  const uploadId = createId(at);
  const planned = { collection, wish, keyId, uploadId, at };
  await parts.parts.create(uploadId, noteOf(wish.upload));
  const add = () => parts.database.transaction((tx) => addSubmission(tx, submitter, planned));
  try {
    return await add().catch((error: unknown) => {
      // Somebody else was first, to the slug or to the version: now it can be said who.
      if (violationOf(error) !== 'unique') throw error;
      return add().catch(explainTakenSlug(wish.module));
    });
  } catch (error) {
    await parts.parts.remove(uploadId);
    throw error;
  }
}

interface Planned {
  readonly collection: ProjectRow;
  readonly wish: SubmissionWish;
  /** Of the author's own key, whose signature was verified. */
  readonly keyId: string | undefined;
  readonly uploadId: string;
  readonly at: number;
}

async function addSubmission(tx: Transaction<Schema>, submitter: Submitter, planned: Planned): Promise<SubmissionRow> {
  const { collection, wish, uploadId, at } = planned;
  const { author, apiKeyId, caller } = submitter;
  const { version, sizeBytes } = wish.upload;
  await assertWithinLimits(tx, { authorId: author.id, sizeBytes, at });
  const { module, ownership } = await findOrPropose(tx, submitter, planned);
  await assertVersionFree(tx, module, version);
  await judgeAuthorKey(tx, planned, { module, ownership });
  const project = { ...module, id: module.project_id };
  await addUpload(tx, caller, { id: uploadId, project, request: wish.upload, at });
  const row: SubmissionRow = {
    ...{ id: createId(at), organisation_id: module.organisation_id, collection_id: collection.id },
    ...{ module_id: module.project_id, author_id: author.id, api_key_id: apiKeyId, version, state: 'receiving' },
    ...{ facts: wish.facts === undefined ? null : JSON.stringify(wish.facts), upload_id: uploadId },
    ...{ size_bytes: sizeBytes, release_id: null, artifact_id: null, failure: null, note: null },
    ...{ sha256: null, file_name: null },
    ...{ public_key: wish.author?.pubkeyB64 ?? null, signature: wish.author?.sig ?? null },
    author_counter: wish.author?.counter ?? null,
    ...{ created_at: at, updated_at: at },
  };
  await insertSubmission(tx, row);
  await recordAudit(tx, at, {
    ...caller,
    action: 'submission.announced',
    object: { kind: 'submission', id: row.id },
    detail: { collection: collection.slug, module: wish.module, version, author: author.id },
  });
  return row;
}

interface OwnedModule {
  readonly module: ModuleRow;
  readonly ownership: OwnershipRow;
}

/** The author's module; one that nobody has is theirs from now on. */
async function findOrPropose(
  tx: Transaction<Schema>,
  { author, caller }: Submitter,
  { collection, wish, at }: Planned,
): Promise<OwnedModule> {
  const module = await findModule(tx, collection.id, wish.module);
  if (!module) {
    await assertMayPropose(tx, author.id);
    const added = await addModule(tx, caller, { collection, project: unnamed(wish.module), facts: noFacts, at });
    const ownership = {
      ...{ module_id: added.project_id, collection_id: collection.id, author_id: author.id },
      ...{ public_key: null, approved_at: null },
    };
    await replaceOwnership(tx, ownership);
    return { module: added, ownership };
  }
  const ownership = await findOwnership(tx, module.project_id);
  if (ownership?.author_id === author.id) return { module, ownership };
  throw new Refusal('forbidden', `the module ${wish.module} is somebody else's`, {
    rule: 'module-owner',
    hint: 'choose another slug, or ask a manager: signpost module author give',
  });
}

/** What strangers can read of a module before anybody has approved it. */
function unnamed(slug: string) {
  const texts = { name: { en: slug }, description: {}, primaryLocale: 'en' };
  return { slug, ...texts, acceptedTypes: ['zip'] as const, scan: 'required' as const, manifestDays: 30 };
}

const noFacts = { category: {}, requiresPermissions: [], infoUrl: undefined, trustLevel: 'community' } as const;

/** A version is free until it is under way, approved or published: what was said of it then would else be true of other bytes. */
async function assertVersionFree(tx: Transaction<Schema>, module: ModuleRow, version: string): Promise<void> {
  const holding = await findHolding(tx, { moduleId: module.project_id, version });
  const release = await findRelease(tx, module.project_id, version);
  if (!holding && !release) return;
  throw new Refusal('conflict', `version ${version} of ${module.slug} ${describeTaken(holding, release)}`, {
    rule: 'version-taken',
    hint:
      holding?.state === 'receiving'
        ? 'send the rest of it, or withdraw it: signpost module withdraw'
        : 'hand in another version',
  });
}

const takenBySubmission = {
  receiving: 'is being sent',
  submitted: 'waits for a review',
} as const;

const takenByRelease = {
  draft: 'is a draft',
  active: 'is in service',
  superseded: 'was in service',
  withdrawn: 'was withdrawn',
  quarantined: 'is in quarantine',
} as const satisfies Readonly<Record<ReleaseRow['state'], string>>;

function describeTaken(holding: SubmissionRow | undefined, release: ReleaseRow | undefined): string {
  if (holding && holding.state in takenBySubmission) {
    return takenBySubmission[holding.state as keyof typeof takenBySubmission];
  }
  if (release?.deleted_at === null) {
    return release.state === 'draft' && holding ? 'is approved' : takenByRelease[release.state];
  }
  return 'was deleted';
}

/** A module that an author signs is signed from then on; another key is the managers' to judge, and the watch is told at once. */
async function judgeAuthorKey(
  tx: Transaction<Schema>,
  { collection, wish, keyId, at }: Planned,
  { module, ownership: { public_key: before } }: OwnedModule,
): Promise<void> {
  const { author } = wish;
  if (author) await assertNewCounter(tx, { moduleId: module.project_id, slug: module.slug, author, at });
  if (before === null || before === author?.pubkeyB64) return;
  if (!author || keyId === undefined) {
    throw new Refusal('conflict', `expected the author's signature: ${module.slug} was signed before`, {
      rule: 'author-signature-missing',
      hint: 'signpost module submit --author-key FILE',
    });
  }
  await recordEvent(tx, {
    id: createId(at),
    organisationId: module.organisation_id,
    topic: 'module.author_key_changed',
    payload: {
      collection: collection.slug,
      project: module.slug,
      version: wish.upload.version,
      key_id: keyId,
      approved: false,
    },
    at,
  });
}

async function verifyAuthor(
  collection: ProjectRow,
  { module, upload: { version, sha256, sizeBytes }, author }: SubmissionWish,
): Promise<string | undefined> {
  if (!author) return undefined;
  try {
    if (sha256 === undefined) throw new TrustError('malformed', 'expected the sha256 that the author signed');
    const statement = { collection: collection.slug, module, version, sha256, sizeBytes };
    return (await verifyAuthorSignature(statement, author)).keyId;
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new Refusal('invalid', cause.message, { rule: 'author-signature', cause });
  }
}

function assertBound({ module }: Submitter, wanted: string): void {
  if (module === undefined || module === wanted) return;
  throw new Refusal('forbidden', `expected the module ${module}, which the key is for, got ${wanted}`, {
    rule: 'key-scope',
  });
}

/** By the rules of modules, so that an approval cannot fail for what is wrong with the texts. */
function assertProposal(facts: Proposal | undefined): void {
  if (!facts) return;
  const { project, facts: change } = readChange(facts, facts.primary_locale ?? 'en');
  assertFacts(change);
  if (facts.primary_locale !== undefined && project.name?.[facts.primary_locale] === undefined) {
    throw new Refusal('invalid', `expected a name in the primary locale ${facts.primary_locale}`);
  }
}
