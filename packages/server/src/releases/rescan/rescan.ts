/** Rescan: what was clean is asked about again, with the scanner's new signatures. */
import type { Logger } from 'pino';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { enqueueJob } from '../../storage/jobs.ts';
import { quarantineRelease } from '../lifecycle/release.ts';
import type { Catalogues } from '../projects/catalogues.ts';
import type { Scanner } from '../scanner/clamd.ts';
import { formatScanResult, notScanned } from '../scanner/scan-result.ts';
import { findPendingJob, listOrganisationIds, listScannedFiles, type ScannedFile, updateScan } from './store.ts';

/** What a rescan works with. */
export interface RescanDependencies {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly scanner: Scanner;
  readonly now: () => number;
  readonly log: Logger;
  readonly catalogues: Catalogues;
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

/** How far a rescan is. */
export interface RescanProgress {
  readonly scanned: number;
  readonly total: number;
  readonly infected: number;
}

/** The kind of the job that runs `rescanOrganisation`. */
export const rescanJobKind = 'rescan';

/** Asks for a rescan of an organisation; returns the id of the job, which may have been waiting already. */
export async function requestRescan(
  { database, now }: Pick<RescanDependencies, 'database' | 'now'>,
  organisationId: string,
): Promise<string> {
  const at = now();
  const dedupeKey = `${rescanJobKind}:${organisationId}`;
  return database.transaction(async (tx) => {
    const pending = await findPendingJob(tx, dedupeKey);
    if (pending) return pending.id;
    const id = createId(at);
    await enqueueJob(tx, {
      id,
      organisationId,
      kind: rescanJobKind,
      payload: { organisation_id: organisationId },
      dedupeKey,
      runAt: at,
      now: at,
    });
    return id;
  });
}

/** Asks for a rescan of every organisation. */
export async function requestAllRescans(dependencies: Pick<RescanDependencies, 'database' | 'now'>): Promise<void> {
  for (const id of await listOrganisationIds(dependencies.database.query)) await requestRescan(dependencies, id);
}

/**
 * Scans every file of an organisation. A hit quarantines its release and keeps the file as evidence; a scanner that
 * fails ends the run without a verdict, and the job is taken again.
 */
export async function rescanOrganisation(
  dependencies: RescanDependencies,
  organisationId: string,
  report: (progress: RescanProgress) => Promise<void>,
): Promise<RescanProgress> {
  const { database, now } = dependencies;
  const caller: Caller = { organisationId, actor: systemActor };
  const files = await listScannedFiles(database.query, organisationId);
  let infected = 0;
  for (const [scanned, file] of files.entries()) {
    await report({ scanned, total: files.length, infected });
    if (await isInfected(dependencies, caller, file)) infected += 1;
  }
  const result = { scanned: files.length, total: files.length, infected };
  await database.transaction((tx) =>
    recordAudit(tx, now(), {
      ...caller,
      action: 'rescan.finished',
      object: { kind: 'organisation', id: organisationId },
      detail: { ...result },
    }),
  );
  await report(result);
  return result;
}

async function isInfected(dependencies: RescanDependencies, caller: Caller, file: ScannedFile): Promise<boolean> {
  const { database, blobs, scanner, now, log } = dependencies;
  // It keeps the verdict that it has; the doctor tells of the file, and the others must not wait for it.
  if ((await blobs.measure(file.sha256)) === undefined) {
    log.error({ project: file.slug, version: file.version, sha256: file.sha256 }, 'a file to scan cannot be read');
    return false;
  }
  const verdict = await scanner.scan(blobs.read(file.sha256), file.size_bytes, () => undefined);
  // After a find, what was said before is taken back: a restored release must not be signed as clean.
  const result = verdict.kind === 'clean' ? formatScanResult(verdict, now()) : notScanned;
  await database.transaction((tx) => updateScan(tx, file.id, JSON.stringify(result)));
  if (verdict.kind === 'clean') return false;
  log.warn({ project: file.slug, version: file.version, signature: verdict.signature }, 'a rescan found malware');
  await quarantine(dependencies, caller, { file, signature: verdict.signature });
  return true;
}

/** A release with several bad files is quarantined once; the second refusal says so and is expected. */
async function quarantine(
  dependencies: RescanDependencies,
  caller: Caller,
  { file, signature }: { file: ScannedFile; signature: string },
): Promise<void> {
  const name = { slug: file.slug, version: file.version };
  try {
    await quarantineRelease(dependencies, caller, { name, reason: `the scanner found ${signature}` });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'conflict')) throw error;
  }
  dependencies.published(caller.organisationId);
}
