/** The job behind an upload: type, archive, scan, store. It bears being run again at any point. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Actor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { tieArtifact } from '../../evidence/publishers/store.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { attemptLimit } from '../../storage/job-queue.ts';
import type { Job } from '../../storage/jobs.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { violationOf } from '../../storage/violation.ts';
import { requestGeneration } from '../evidence/generation/generate.ts';
import type { Digests } from '../inspection/digests.ts';
import { inspectFile } from '../inspection/inspection.ts';
import type { Inspection } from '../inspection/judge-file.ts';
import type { AcceptedType } from '../inspection/media-type.ts';
import { refuse, uploadRules } from '../inspection/rules.ts';
import { findRelease, voidProposals } from '../lifecycle/store.ts';
import { formatScanResult, notScanned, type ScanResult } from '../scanner/scan-result.ts';
import { type ReportStage, startStages } from './progress.ts';
import { createInspectionFailure, refuseUpload } from './refusal.ts';
import { findUploadWithProject, holdDraft, insertArtifact, insertRelease, moveUpload } from './store.ts';
import type { UploadDependencies, UploadJob } from './upload.ts';

type FoundUpload = NonNullable<Awaited<ReturnType<typeof findUploadWithProject>>>;
type Transaction = Parameters<typeof insertArtifact>[0];

/** What the job works with. */
type InspectionDependencies = Omit<UploadDependencies, 'wakeWorker'>;

/** 30 seconds, and one more for each 4 MiB that may come out. */
const inspectionBaseMs = 30_000;
const inspectionMsPerByte = 1000 / (4 * 1024 * 1024);

/** A file that was looked into, on its way to becoming an artifact. */
interface InspectedFile {
  readonly digests: Digests;
  readonly inspection: Inspection;
  readonly scan: ScanResult;
}

/**
 * Runs the inspection of an upload whose bytes have all come. Resolves when it is accepted or refused; both are in its
 * row. Rejects when the server could not do its part (disk, database), so that the job is taken again; at the last attempt
 * the upload is refused as well, so that none is inspected for ever.
 */
export async function inspectUpload(
  dependencies: InspectionDependencies,
  job: Pick<Job, 'payload' | 'attempt'>,
): Promise<void> {
  const { upload_id: uploadId, digests } = job.payload as Readonly<Record<string, unknown>> & UploadJob;
  const upload = await findUploadWithProject(dependencies.database.query, uploadId);
  if (upload?.state !== 'inspecting') return dependencies.parts.remove(uploadId);
  const stages = startStages(dependencies, uploadId);
  try {
    const file = await judgeUpload(dependencies, upload, { digests, stages });
    await stages.enter('store');
    // Also when the bytes are the blob already: then this makes sure that it is durable.
    await dependencies.blobs.adopt(dependencies.parts.pathOf(uploadId), digests.sha256);
    await acceptUpload(dependencies, upload, file);
    await dependencies.parts.remove(uploadId);
  } catch (error) {
    await endBadly(dependencies, uploadId, { error, isLast: job.attempt >= attemptLimit });
  } finally {
    await stages.end();
  }
}

/** Refuses for what the file is; throws what the server could not do. */
async function endBadly(
  dependencies: InspectionDependencies,
  uploadId: string,
  { error, isLast }: { error: unknown; isLast: boolean },
): Promise<void> {
  if (error instanceof Refusal && (error.rule ?? '') in uploadRules) {
    dependencies.log.warn({ upload: uploadId, rule: error.rule, cause: error.cause }, 'an upload was refused');
    return refuseUpload(dependencies, uploadId, error);
  }
  if (isLast) await refuseUpload(dependencies, uploadId, createInspectionFailure());
  throw error;
}

async function judgeUpload(
  dependencies: InspectionDependencies,
  upload: FoundUpload,
  { digests, stages }: { digests: Digests; stages: ReportStage },
): Promise<InspectedFile> {
  if (upload.deleted_at !== null) refuse('project-deleted', 'expected the project to be there');
  const path = await locateBytes(dependencies, upload, digests);
  const maxUncompressedBytes = dependencies.config.maxUncompressedMb * 1024 * 1024;
  const timeLimitMs = inspectionBaseMs + Math.ceil(maxUncompressedBytes * inspectionMsPerByte);
  const request = {
    path,
    name: upload.name,
    acceptedTypes: JSON.parse(upload.accepted_types) as AcceptedType[],
    limits: { maxUncompressedBytes, timeLimitMs },
  };
  const inspection = await inspectFile(request, (part) => stages.report('archive', part));
  await stages.enter('scan');
  const scan = await scanUpload(dependencies, upload, { path, stages });
  return { digests, inspection, scan };
}

/** After a crash between adopting the file and accepting the upload, the bytes are the blob already, if they are the bytes. */
async function locateBytes(
  { parts, blobs }: InspectionDependencies,
  upload: FoundUpload,
  digests: Digests,
): Promise<string> {
  const size = await parts.measure(upload.id);
  if (size === upload.size_bytes) return parts.pathOf(upload.id);
  const stored = size === undefined ? blobs.locate(digests.sha256) : undefined;
  if (stored === undefined) {
    return refuse('inspection-failed', `expected ${upload.size_bytes} bytes on the disk, got ${size ?? 0}`);
  }
  if ((await digestBlob(blobs, digests.sha256)) === digests.sha256) return stored;
  return refuse('inspection-failed', 'expected the bytes that were sent, got a damaged file');
}

async function digestBlob(blobs: Blobs, sha256: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of blobs.read(sha256)) hash.update(chunk);
  return hash.digest('hex');
}

async function scanUpload(
  { scanner, now }: InspectionDependencies,
  upload: FoundUpload,
  { path, stages }: { path: string; stages: ReportStage },
): Promise<ScanResult> {
  if (!scanner || upload.scan === 'off') return notScanned;
  const verdict = await scanner.scan(createReadStream(path), upload.size_bytes, (sent) =>
    stages.report('scan', sent / upload.size_bytes),
  );
  if (verdict.kind === 'infected') refuse('malware-found', `the scanner found ${verdict.signature}`);
  return formatScanResult(verdict, now());
}

/** One transaction: the draft when it is missing, the artifact, the end of the upload, and what the log and bus say. */
async function acceptUpload(
  dependencies: InspectionDependencies,
  upload: FoundUpload,
  file: InspectedFile,
): Promise<void> {
  const note = await dependencies.parts.readNote(upload.id).catch(() => ({ changelog: {} }));
  const changelog = JSON.stringify(note.changelog ?? {});
  const accept = () =>
    dependencies.database.transaction((tx) => recordArtifact(dependencies, tx, { upload, file, changelog }));
  await accept()
    .catch((error: unknown) => {
      // Another upload of the same release was first: now there is a draft to join, or a file of the same name.
      if (violationOf(error) !== 'unique') throw error;
      return accept();
    })
    .catch((error: unknown) => {
      if (violationOf(error) !== 'unique') throw error;
      refuse('artifact-exists', `${upload.version} holds ${upload.name} already`, error);
    });
}

async function recordArtifact(
  { now, blobs }: InspectionDependencies,
  tx: Transaction,
  { upload, file, changelog }: { upload: FoundUpload; file: InspectedFile; changelog: string },
): Promise<void> {
  const at = now();
  const artifactId = createId(at);
  const releaseId = await findOrCreateDraft(tx, upload, { at, changelog });
  // A proposal names the files that it is about.
  await voidProposals(tx, releaseId);
  await insertArtifact(tx, {
    ...{ id: artifactId, release_id: releaseId, name: upload.name, platform: upload.platform },
    ...{ media_type: file.inspection.mediaType, size_bytes: upload.size_bytes, ...file.digests },
    ...{ scan: JSON.stringify(file.scan), created_at: at },
  });
  // The same bytes may have been of a draft that was discarded, and freed since they were adopted.
  if ((await blobs.measure(file.digests.sha256)) === undefined) throw new Error('the bytes were freed meanwhile');
  const actor = JSON.parse(upload.actor) as Actor;
  if (actor.kind === 'api-key' && actor.id !== null) await tieArtifact(tx, artifactId, actor.id);
  const change = { state: 'accepted', stage: null, progress: 1000, artifact_id: artifactId, updated_at: at } as const;
  if (!(await moveUpload(tx, upload.id, { from: ['inspecting'], change })))
    throw new Error('the upload ended elsewhere');
  await requestGeneration(tx, { artifactId, organisationId: upload.organisation_id, at });
  await recordAcceptance(tx, upload, { at, file });
}

async function findOrCreateDraft(
  tx: Transaction,
  upload: FoundUpload,
  { at, changelog }: { at: number; changelog: string },
): Promise<string> {
  const release = await findRelease(tx, upload.project_id, upload.version);
  if (release) {
    if (!(await holdDraft(tx, release.id)))
      refuse('release-closed', `expected ${upload.version} to be a draft that was never in service`);
    return release.id;
  }
  const id = createId(at);
  await insertRelease(tx, {
    ...{ id, project_id: upload.project_id, version: upload.version, channel: upload.channel, state: 'draft' },
    ...{ changelog, min_version: null, reason: null, created_at: at, activated_at: null, deleted_at: null },
  });
  return id;
}

async function recordAcceptance(
  tx: Query,
  upload: FoundUpload,
  { at, file }: { at: number; file: InspectedFile },
): Promise<void> {
  const { sha256 } = file.digests;
  const facts = { project: upload.slug, version: upload.version, name: upload.name, sha256, scan: file.scan.status };
  await recordEvent(tx, {
    id: createId(at),
    organisationId: upload.organisation_id,
    topic: 'upload.accepted',
    payload: { upload_id: upload.id, ...facts },
    at,
  });
  await recordAudit(tx, at, {
    organisationId: upload.organisation_id,
    actor: JSON.parse(upload.actor) as Actor,
    action: 'upload.accepted',
    object: { kind: 'upload', id: upload.id },
    detail: { ...facts, size_bytes: upload.size_bytes },
  });
}
