/** A project with everything that uploads need, on a real database and disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Caller } from '../../../src/audit/audit.ts';
import type { Scanner } from '../../../src/releases/scanner/clamd.ts';
import { inspectUpload } from '../../../src/releases/uploads/inspect-upload.ts';
import { PartFiles } from '../../../src/releases/uploads/part-files.ts';
import {
  createUpload,
  readUpload,
  receiveUpload,
  type UploadDependencies,
  type UploadRequest,
  type UploadState,
  uploadJobKind,
} from '../../../src/releases/uploads/upload.ts';
import { openDiskBlobs } from '../../../src/storage/blobs/disk.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { type RunJob, startWorker } from '../../../src/storage/jobs.ts';

/** Where a test works. */
export interface Workshop extends UploadDependencies {
  readonly folder: string;
  readonly caller: Caller;
  readonly organisation: { readonly id: string; readonly slug: string };
  readonly project: string;
  /** Sets the clock forward. */
  pass(ms: number): void;
  /** Announces and sends a whole file. */
  send(bytes: Buffer, request?: Partial<UploadRequest>): Promise<UploadState>;
  /** The same, then waits for the verdict. */
  upload(bytes: Buffer, request?: Partial<UploadRequest>): Promise<UploadState>;
  /** Runs the jobs that wait. */
  work(): Promise<void>;
  close(): Promise<void>;
}

/** What differs from an ordinary server and project. */
export interface WorkshopOptions {
  readonly scanner?: Scanner;
  readonly scan?: 'required' | 'off';
  readonly acceptedTypes?: readonly string[];
}

/** Makes an organisation and the project `demo` in `database`, and a folder for files. */
export async function openWorkshop(database: Database, options: WorkshopOptions = {}): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-uploads-'));
  let time = 1_795_000_000_000;
  const now = () => ++time;
  const organisationId = createId(now());
  await insertProject(database, { organisationId, now: now(), options });
  const dependencies: UploadDependencies = {
    database,
    blobs: await openDiskBlobs(join(folder, 'blobs')),
    parts: await PartFiles.open(join(folder, 'uploads')),
    scanner: options.scanner,
    config: { maxUploadMb: 64, maxUncompressedMb: 64 },
    now,
    log: pino({ level: 'silent' }),
    wakeWorker: () => undefined,
  };
  const caller: Caller = { organisationId, actor: { kind: 'system', id: null, sessionId: null } };
  const send = (bytes: Buffer, request: Partial<UploadRequest> = {}) =>
    sendFile(dependencies, caller, { bytes, request });
  const work = () => runJobs(dependencies, organisationId);
  return {
    ...dependencies,
    ...{ folder, caller, organisation: { id: organisationId, slug: organisationId }, project: 'demo', send, work },
    pass: (ms) => {
      time += ms;
    },
    upload: async (bytes, request) => {
      const { row } = await send(bytes, request);
      await work();
      return readUpload(dependencies, caller, { slug: 'demo', id: row.id });
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function insertProject(
  database: Database,
  { organisationId, now, options }: { organisationId: string; now: number; options: WorkshopOptions },
): Promise<void> {
  await database.query
    .insertInto('organisation')
    .values({ id: organisationId, slug: organisationId, name: 'Test', host: null, created_at: now })
    .execute();
  await database.query
    .insertInto('project')
    .values({
      ...{ id: createId(now), organisation_id: organisationId, slug: 'demo', kind: 'app' as const },
      ...{ name: '{"en":"Demo"}', description: '{}', primary_locale: 'en' },
      accepted_types: JSON.stringify(options.acceptedTypes ?? ['zip', 'tar.gz']),
      ...{ scan: options.scan ?? 'required', manifest_days: 30, counter: 0, created_at: now, deleted_at: null },
    })
    .execute();
}

async function sendFile(
  dependencies: UploadDependencies,
  caller: Caller,
  { bytes, request }: { bytes: Buffer; request: Partial<UploadRequest> },
): Promise<UploadState> {
  const whole = { version: '1.0.0', name: 'demo.zip', sizeBytes: bytes.length, ...request };
  const { row } = await createUpload(dependencies, caller, { slug: 'demo', request: whole });
  return receiveUpload(dependencies, caller, { name: { slug: 'demo', id: row.id }, offset: 0, body: stream(bytes) });
}

/** The bytes in pieces. */
export async function* stream(bytes: Buffer, pieceBytes = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** Jobs that another test left in the same database belong to another folder. */
async function runJobs(dependencies: UploadDependencies, organisationId: string): Promise<void> {
  const run: RunJob = async (job) => {
    if (job.organisationId === organisationId) await inspectUpload(dependencies, job);
  };
  const worker = startWorker({
    ...dependencies,
    handlers: { [uploadJobKind]: run },
    concurrency: 1,
  });
  await worker.drain();
  await worker.stop();
}
