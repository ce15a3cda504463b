/** Uploads: a file comes in, resumable, is inspected by a job, and becomes an artifact of a draft or is refused. */
import {
  channelPattern,
  defaultChannel,
  fileNamePattern,
  localePattern,
  platformPattern,
  versionPattern,
} from '@signpost/protocol/updates/names';
import type { Logger } from 'pino';
import type { Caller } from '../../audit/audit.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId, isId } from '../../storage/ids.ts';
import { enqueueJob } from '../../storage/jobs.ts';
import type { Digests } from '../inspection/digests.ts';
import { createUploadRefusal } from '../inspection/rules.ts';
import { assertChangelogLength } from '../lifecycle/release.ts';
import { findRelease } from '../lifecycle/store.ts';
import { requireProject } from '../projects/project.ts';
import type { ProjectRow } from '../projects/store.ts';
import type { Scanner } from '../scanner/clamd.ts';
import type { PartFiles, UploadNote } from './part-files.ts';
import { createInspectionFailure, refuseUpload } from './refusal.ts';
import {
  deleteEndedUploads,
  deleteUpload,
  findUpload,
  hasArtifact,
  insertUpload,
  listAbandonedInspections,
  listOpenUploads,
  listSilentUploads,
  moveUpload,
  touchUpload,
  type UploadRow,
} from './store.ts';

/** What uploads work with. */
export interface UploadDependencies {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly parts: PartFiles;
  /** Undefined when the server does not scan (SIGNPOST_SCAN=off). */
  readonly scanner: Scanner | undefined;
  readonly config: Pick<Config, 'maxUploadMb' | 'maxUncompressedMb'>;
  readonly now: () => number;
  readonly log: Logger;
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
}

/** What somebody wants to upload. */
export interface UploadRequest extends UploadNote {
  readonly version: string;
  /** That of the release, or `stable` for a new one, when nothing is said. */
  readonly channel?: string;
  readonly name: string;
  readonly platform?: string;
  readonly sizeBytes: number;
}

/** Names one upload in the caller's organisation. */
export interface UploadName {
  readonly slug: string;
  readonly id: string;
}

/** An upload, and how many of its bytes are durable. */
export interface UploadState {
  readonly row: UploadRow;
  readonly offset: number;
}

/** The kind of the job that runs `inspectUpload`; its payload is `UploadJob`. */
export const uploadJobKind = 'upload.inspect';

/** The payload of that job. The digests were computed while the bytes came. */
export interface UploadJob {
  readonly upload_id: string;
  readonly digests: Digests;
}

/** What the server itself answers below a project, and the links of the public tree. */
const reservedVersion = /^(?:info|manifest|releases|latest(?:-.*)?)$/;

const bytesPerMib = 1024 * 1024;
const abandonedAfterMs = 24 * 3600 * 1000;
/** How long the outcome of an upload can be asked for. The audit log keeps it for good. */
const endedKeptMs = 30 * 24 * 3600 * 1000;

/** Begins an upload. Throws `invalid`, `too_large`, or `conflict` when the release cannot take the file. */
export async function createUpload(
  dependencies: UploadDependencies,
  caller: Caller,
  { slug, request }: { slug: string; request: UploadRequest },
): Promise<UploadState> {
  const { database, parts, now } = dependencies;
  assertUpload(dependencies, request);
  const project = await requireProject(database.query, caller.organisationId, slug);
  const at = now();
  const id = createId(at);
  await parts.create(id, noteOf(request));
  try {
    return { row: await addUpload(database.query, caller, { id, project, request, at }), offset: 0 };
  } catch (error) {
    await parts.remove(id);
    throw error;
  }
}

/** Throws `invalid` or `too_large` for what no upload may be, whatever it belongs to. */
export function assertUpload({ config }: Pick<UploadDependencies, 'config'>, request: UploadRequest): void {
  assertRequest(request, config.maxUploadMb * bytesPerMib);
}

/** What lies beside the bytes. */
export function noteOf({ sha256, changelog }: UploadRequest): UploadNote {
  return { ...(sha256 && { sha256 }), ...(changelog && { changelog }) };
}

/** An upload that is to be. */
interface PlannedUpload {
  /** That of its part file, which is there. */
  readonly id: string;
  readonly project: ProjectRow;
  readonly request: UploadRequest;
  readonly at: number;
}

/** Adds the row of an upload; `assertUpload` was passed. Throws `conflict` when the release cannot take the file. */
export async function addUpload(
  query: Query,
  caller: Caller,
  { id, project, request, at }: PlannedUpload,
): Promise<UploadRow> {
  if (project.kind === 'module_collection') {
    throw new Refusal('conflict', 'a collection has no releases of its own', {
      rule: 'collection-without-releases',
      hint: 'signpost release upload MODULE: each module has its own',
    });
  }
  const channel = await chooseChannel(query, project, request);
  const row: UploadRow = {
    id,
    organisation_id: caller.organisationId,
    project_id: project.id,
    ...{ version: request.version, channel, name: request.name, platform: request.platform ?? 'any' },
    ...{ size_bytes: request.sizeBytes, state: 'receiving', stage: null, progress: 0 },
    ...{ refusal: null, artifact_id: null, actor: JSON.stringify(caller.actor) },
    ...{ created_at: at, updated_at: at },
  };
  await insertUpload(query, row);
  return row;
}

/** The channel of the release that the file will belong to; throws `conflict` when it cannot take the file. */
async function chooseChannel(query: Query, project: ProjectRow, request: UploadRequest): Promise<string> {
  const release = await findRelease(query, project.id, request.version);
  if (!release) return request.channel ?? defaultChannel;
  if (release.state !== 'draft' || release.activated_at !== null || release.deleted_at !== null) {
    throw refuseConflict('release-closed', `expected ${request.version} to be a draft that was never in service`);
  }
  if (request.channel !== undefined && request.channel !== release.channel) {
    throw new Refusal('conflict', `expected the channel ${release.channel} of the release, got ${request.channel}`, {
      rule: 'channel-mismatch',
      hint: 'leave the channel out, or change that of the release',
    });
  }
  if (await hasArtifact(query, release.id, request.name)) {
    throw refuseConflict('artifact-exists', `${request.version} holds ${request.name} already`);
  }
  return release.channel;
}

function refuseConflict(rule: 'release-closed' | 'artifact-exists', message: string): Refusal {
  return new Refusal('conflict', message, { rule, hint: createUploadRefusal(rule, message).hint ?? '' });
}

/**
 * Takes bytes from `offset` on; with the last one, the inspection begins. What came before an error is kept, and the
 * upload goes on from there. Throws `conflict` with the rule `upload-offset` for another offset than that of the file.
 */
export async function receiveUpload(
  dependencies: UploadDependencies,
  caller: Caller,
  piece: { name: UploadName; offset: number; body: AsyncIterable<Uint8Array> },
): Promise<UploadState> {
  const { database, parts, now } = dependencies;
  const { row } = await readUpload(dependencies, caller, piece.name);
  if (row.state !== 'receiving') throw refuseState(row);
  const place = { offset: piece.offset, sizeBytes: row.size_bytes };
  const { offset, digests } = await parts
    .append(row.id, piece.body, place)
    .finally(() => touchUpload(database.query, row.id, now()));
  if (digests) await completeUpload(dependencies, row, digests);
  return { row: (await findUpload(database.query, row.project_id, row.id)) ?? row, offset };
}

async function completeUpload(dependencies: UploadDependencies, row: UploadRow, digests: Digests): Promise<void> {
  const { database, parts, now, wakeWorker } = dependencies;
  const { sha256 } = await parts.readNote(row.id);
  if (sha256 !== undefined && sha256 !== digests.sha256) {
    const refusal = createUploadRefusal('digest-mismatch', `expected the SHA-256 ${sha256}, got ${digests.sha256}`);
    return refuseUpload(dependencies, row.id, refusal);
  }
  const at = now();
  const payload: UploadJob = { upload_id: row.id, digests };
  await database.transaction(async (tx) => {
    const change = { state: 'inspecting', stage: 'type', progress: 0, updated_at: at } as const;
    if (!(await moveUpload(tx, row.id, { from: ['receiving'], change }))) return;
    await enqueueJob(tx, {
      id: createId(at),
      organisationId: row.organisation_id,
      kind: uploadJobKind,
      payload: { ...payload },
      dedupeKey: `${uploadJobKind}:${row.id}`,
      ...{ runAt: at, now: at },
    });
  });
  wakeWorker();
}

/** The upload as it is. Throws `not_found` when there is none in that project. */
export async function readUpload(
  { database, parts }: UploadDependencies,
  caller: Caller,
  { slug, id }: UploadName,
): Promise<UploadState> {
  const project = await requireProject(database.query, caller.organisationId, slug);
  const row = isId(id) ? await findUpload(database.query, project.id, id) : undefined;
  if (!row) throw new Refusal('not_found', 'no such upload');
  const offset = row.state === 'receiving' ? ((await parts.measure(id)) ?? 0) : row.size_bytes;
  return { row, offset };
}

/** Gives an upload up in a transaction, whose end removes its bytes: `parts.remove`. Throws `conflict` while bytes come, it is inspected, or once it is accepted. */
export async function endUpload(query: Query, { parts }: Pick<UploadDependencies, 'parts'>, id: string): Promise<void> {
  if (!parts.isBusy(id) && (await deleteUpload(query, id, ['receiving', 'refused']))) return;
  throw new Refusal('conflict', 'the upload is not at rest', { rule: 'upload-state', hint: 'try again in a moment' });
}

/** Gives an upload up. Throws `conflict` while it is inspected and once it is accepted. */
export async function cancelUpload(dependencies: UploadDependencies, caller: Caller, name: UploadName): Promise<void> {
  const { database, parts } = dependencies;
  const { row } = await readUpload(dependencies, caller, name);
  if (parts.isBusy(row.id) || !(await deleteUpload(database.query, row.id, ['receiving', 'refused']))) {
    throw refuseState(row);
  }
  await parts.remove(row.id);
}

/**
 * Removes uploads that got no byte for 24 hours, files that belong to none, and what ended 30 days ago; refuses those whose
 * inspection was given up. Returns how many unfinished uploads were removed.
 */
export async function pruneUploads(
  dependencies: Pick<UploadDependencies, 'database' | 'parts' | 'now'>,
): Promise<number> {
  const { database, parts, now } = dependencies;
  for (const id of await listAbandonedInspections(database.query, uploadJobKind)) {
    await refuseUpload(dependencies, id, createInspectionFailure());
  }
  const before = now() - abandonedAfterMs;
  let removed = 0;
  for (const id of await listSilentUploads(database.query, before)) {
    if (parts.isBusy(id) || !(await deleteUpload(database.query, id, ['receiving']))) continue;
    await parts.remove(id);
    removed += 1;
  }
  await deleteEndedUploads(database.query, now() - endedKeptMs);
  const files = await parts.listOlderThan(before);
  const open = await listOpenUploads(database.query, files);
  for (const id of files.filter((file) => !open.has(file))) await parts.remove(id);
  return removed;
}

function refuseState(row: UploadRow): Refusal {
  const state = row.state === 'receiving' ? 'being sent' : row.state;
  return new Refusal('conflict', `the upload is ${state}`, { rule: 'upload-state' });
}

function assertRequest(request: UploadRequest, maxUploadBytes: number): void {
  const fields: readonly (readonly [name: string, value: string | undefined, pattern: RegExp])[] = [
    ['version', request.version, versionPattern],
    ['channel', request.channel, channelPattern],
    ['name', request.name, fileNamePattern],
    ['platform', request.platform, platformPattern],
    ['sha256', request.sha256, /^[0-9a-f]{64}$/],
    ...Object.keys(request.changelog ?? {}).map((locale) => ['changelog', locale, localePattern] as const),
  ];
  for (const [name, value, pattern] of fields) {
    if (value !== undefined && !pattern.test(value))
      throw new Refusal('invalid', `expected ${name} to match ${pattern}`);
  }
  for (const text of Object.values(request.changelog ?? {})) assertChangelogLength(text);
  if (reservedVersion.test(request.version)) {
    throw new Refusal('invalid', `the version ${request.version} is reserved`, { rule: 'version-reserved' });
  }
  if (!Number.isSafeInteger(request.sizeBytes) || request.sizeBytes < 1) {
    throw new Refusal('invalid', 'expected at least one byte');
  }
  if (request.sizeBytes <= maxUploadBytes) return;
  const { hint } = createUploadRefusal('size-limit', '');
  throw new Refusal('too_large', `expected at most ${maxUploadBytes} bytes, got ${request.sizeBytes}`, {
    rule: 'size-limit',
    hint: hint ?? '',
  });
}
