/** Puts the planes together: their routes, their jobs, their schedules. */
import { join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Cron } from 'croner';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { doctorRoutes } from './doctor/routes.ts';
import type { AppEnv } from './http/context.ts';
import type { PreparedAnswers } from './http/prepared.ts';
import { refreshManifests } from './releases/lifecycle/refresh.ts';
import { releaseRoutes } from './releases/lifecycle/routes.ts';
import { projectRoutes } from './releases/projects/routes.ts';
import { writePublicTree } from './releases/public/public-tree.ts';
import { downloadRoutes, publicRoutes } from './releases/public/routes.ts';
import type { DownloadCounter } from './releases/public/statistics.ts';
import { requestAllRescans, rescanJobKind, rescanOrganisation } from './releases/rescan/rescan.ts';
import { rescanRoutes } from './releases/rescan/routes.ts';
import type { Scanner } from './releases/scanner/clamd.ts';
import { uploadRoutes } from './releases/uploads/routes.ts';
import { inspectUpload, pruneUploads, uploadJobKind } from './releases/uploads/upload.ts';
import type { Blobs } from './storage/blobs.ts';
import type { Bus } from './storage/bus.ts';
import type { Database } from './storage/database.ts';
import type { RunJob } from './storage/jobs.ts';
import { createQueue } from './storage/turns.ts';
import { recordExpiryCrossings } from './trust/expiry.ts';
import { trustRoutes } from './trust/routes.ts';
import type { Vault } from './vault/vault.ts';

/** What is open while the server runs. */
export interface Resources {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly blobs: Blobs;
  /** Undefined when scanning is off. */
  readonly scanner: Scanner | undefined;
  readonly downloads: DownloadCounter;
  readonly prepared: PreparedAnswers;
  readonly now: () => number;
  readonly log: Logger;
  readonly version: string;
  /** Lets the relay look for events and the worker for jobs at once. */
  readonly wake: () => void;
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

/** The planes' routers; those that match any first segment come last. */
export function createPlanes(resources: Resources): OpenAPIHono<AppEnv>[] {
  const withWake = { ...resources, wakeWorker: resources.wake };
  const withBase = { ...resources, baseUrl: resources.config.baseUrl };
  return [
    trustRoutes(resources),
    projectRoutes(resources),
    releaseRoutes(resources),
    uploadRoutes(withWake),
    rescanRoutes(withWake),
    doctorRoutes(resources),
    publicRoutes(withBase),
    downloadRoutes(withBase),
  ];
}

/** What the worker runs, by kind of job. */
export function createJobs(resources: Resources): Readonly<Record<string, RunJob>> {
  const { scanner } = resources;
  return {
    [uploadJobKind]: (job, report) => inspectUpload(resources, job, report),
    [rescanJobKind]: async ({ payload }, report) => {
      if (scanner) await rescanOrganisation({ ...resources, scanner }, String(payload.organisation_id), report);
    },
  };
}

/** Makes the `published` of `Resources`: forgets prepared answers at once, then brings the public tree up to date. */
export function createPublished(
  resources: Pick<Resources, 'config' | 'database' | 'blobs' | 'prepared' | 'now' | 'log' | 'wake'>,
): (organisationId: string) => void {
  const writeTree = createTreeWriter(resources);
  return (organisationId) => {
    resources.prepared.forget(organisationId);
    resources.wake();
    void writeTree();
  };
}

/** One write at a time; a failure is logged, since the tree can always be written again from the database. */
export function createTreeWriter({
  config,
  database,
  blobs,
  now,
  log,
}: Pick<Resources, 'config' | 'database' | 'blobs' | 'now' | 'log'>): () => Promise<void> {
  const enqueue = createQueue();
  const dir = join(config.dataDir, 'public');
  return () =>
    enqueue(() => writePublicTree({ database, blobs, dir, now })).catch((error: unknown) =>
      log.error({ error }, 'the public tree could not be written'),
    );
}

/** Signs again what a new trust list asks for. */
export function subscribePlanes(resources: Resources, bus: Bus): void {
  bus.subscribe('trust.updated', async ({ organisationId }) => {
    if (organisationId !== null) await refreshAndLog(resources, organisationId);
  });
}

/** Starts what happens by the clock (UTC); returns the way to stop it. */
export function startSchedules(resources: Resources): () => void {
  const { log } = resources;
  const hourly = new Cron('0 * * * *', options(log), async () => {
    await recordExpiryCrossings(resources);
    await refreshAndLog(resources);
    await pruneUploads(resources);
  });
  const nightly = new Cron('17 3 * * *', options(log), async () => {
    if (resources.scanner) await requestAllRescans(resources);
    resources.wake();
  });
  return () => {
    hourly.stop();
    nightly.stop();
  };
}

function options(log: Logger) {
  return {
    timezone: 'UTC',
    protect: true,
    unref: true,
    catch: (error: unknown) => log.error({ error }, 'a schedule failed'),
  };
}

/** Says what cannot be signed again: it will stop being served when it expires. */
export async function refreshAndLog(resources: Resources, organisationId?: string): Promise<void> {
  const changed = new Set<string>();
  for (const outcome of await refreshManifests(resources, organisationId)) {
    if (outcome.kind === 'refused')
      resources.log.warn({ ...outcome }, 'a manifest in service could not be signed again');
    if (outcome.kind === 'refreshed') changed.add(outcome.organisationId);
  }
  for (const id of changed) resources.published(id);
}
