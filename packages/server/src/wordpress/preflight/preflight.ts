/** Runs of the pre-flight: begun by an upload, a deploy or a person, one open for each release; cancelled, taken up again. */
import type { Logger } from 'pino';
import type { AuditAction } from '../../audit/actions.ts';
import { type Actor, type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';
import { type ReleaseInProject, type ReleaseName, requireRelease } from '../../releases/lifecycle/release.ts';
import { findRelease, listReleases } from '../../releases/lifecycle/store.ts';
import { findProject } from '../../releases/projects/store.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Event } from '../../storage/bus.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { endHeldJobs } from '../../storage/job-queue.ts';
import { enqueueJob } from '../../storage/jobs.ts';
import { requirePlugin } from '../credentials/credential.ts';
import { requireArchive } from '../plugin/reading.ts';
import { readSettings } from './settings.ts';
import { findReport, insertRun, listOpenRuns, moveRun, openStates, type PreflightRow, pruneRuns } from './store.ts';
import { describeSubject, digestRules, listChanges, type Subject } from './subject.ts';
import { type PreflightConfig, type PreflightSettings, toolNames } from './tools.ts';

/** What the pre-flight works with. */
export interface PreflightParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly config: PreflightConfig & Pick<Config, 'maxUncompressedMb' | 'dataDir'>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
}

/** The kind of the job that runs the tools. */
export const preflightJobKind = 'wordpress.preflight';
/** Ended runs that are kept of a release. */
const keptRuns = 5;

/** What would be run on a release now, and what was run. */
export interface Standing {
  readonly artifactId: string;
  readonly settings: PreflightSettings;
  readonly subject: Subject;
  readonly report: PreflightRow | undefined;
  /** What has changed since the report was begun. */
  readonly changes: ReturnType<typeof listChanges>;
}

/** How a release stands. Throws as `requireArchive` does. */
export async function readStanding(
  parts: Pick<PreflightParts, 'database' | 'config'>,
  where: ReleaseInProject,
): Promise<Standing> {
  return readStandingIn(parts.database.query, where, { config: parts.config, rules: await digestRules() });
}

/** The same in a transaction; `rules` is `digestRules()`, which reads files. */
export async function readStandingIn(
  query: Query,
  where: ReleaseInProject,
  { config, rules }: { readonly config: PreflightConfig; readonly rules: string },
): Promise<Standing> {
  const archive = await requireArchive(query, where);
  const settings = await readSettings(query, config, where.project.id);
  const subject = describeSubject({ sha256: archive.sha256, config, settings, rules });
  const report = await findReport(query, where.release.id);
  const changes = report ? listChanges(JSON.parse(report.subject) as Subject, subject) : [];
  return { artifactId: archive.id, settings, subject, report, changes };
}

/** Begins a run, or joins the one that is under way with the same file and settings; another one is given up for it. Throws as `readStanding` does. */
export async function requestPreflight(
  parts: PreflightParts,
  caller: Caller,
  name: ReleaseName,
): Promise<PreflightRow> {
  const where = await requireRelease(parts.database.query, caller.organisationId, name);
  return begin(parts, caller, { where, standing: await readStanding(parts, where) });
}

/** Begins a run unless there is a report that nothing has changed since, or every tool is off. */
export async function ensurePreflight(parts: PreflightParts, caller: Caller, where: ReleaseInProject): Promise<void> {
  const standing = await readStanding(parts, where);
  const { report, changes, settings } = standing;
  const isFresh = report && report.state !== 'cancelled' && changes.length === 0;
  if (isFresh || toolNames.every((tool) => settings.gates[tool] === 'off')) return;
  await begin(parts, caller, { where, standing });
}

/** Begins a run for what was uploaded, so that nobody waits for it later. */
export async function preflightAfter(parts: PreflightParts, { organisationId, payload }: Event): Promise<void> {
  const project = await findProject(parts.database.query, organisationId ?? '', String(payload.project));
  if (project?.kind !== 'wordpress_plugin' || organisationId === null) return;
  const release = await findRelease(parts.database.query, project.id, String(payload.version));
  if (release) await ensureQuietly(parts, organisationId, { project, release });
}

/** Begins runs for the releases in service, whose reports the project's settings may have made stale. */
export async function renewReports(parts: PreflightParts, caller: Caller, slug: string): Promise<void> {
  const project = await requirePlugin(parts.database.query, caller.organisationId, slug);
  for (const release of await listReleases(parts.database.query, project.id)) {
    if (release.state !== 'active' || release.deleted_at !== null) continue;
    await ensureQuietly(parts, caller.organisationId, { project, release });
  }
}

/** A release whose file is no archive has nothing to be looked at. */
async function ensureQuietly(parts: PreflightParts, organisationId: string, where: ReleaseInProject): Promise<void> {
  await ensurePreflight(parts, { organisationId, actor: systemActor }, where).catch((err: unknown) => {
    if (!(err instanceof Refusal)) throw err;
    parts.log.warn({ err, project: where.project.slug, version: where.release.version }, 'a plugin is not looked at');
  });
}

async function begin(
  { database, now, wakeWorker }: PreflightParts,
  caller: Caller,
  { where: { project, release }, standing }: { readonly where: ReleaseInProject; readonly standing: Standing },
): Promise<PreflightRow> {
  const at = now();
  const row = await database.transaction(async (tx) => {
    const open = await findReport(tx, release.id);
    if (open && openStates.includes(open.state)) {
      if (listChanges(JSON.parse(open.subject) as Subject, standing.subject).length === 0) return open;
      await end(tx, { row: open, slug: project.slug, version: release.version, caller, at });
    }
    const begun: PreflightRow = {
      ...{ id: createId(at), organisation_id: project.organisation_id, project_id: project.id, release_id: release.id },
      ...{ artifact_id: standing.artifactId, state: 'waiting', subject: JSON.stringify(standing.subject), tool: null },
      ...{ files_done: 0, files_total: 0, attempts: 0, results: '{}', actor: JSON.stringify(caller.actor) },
      ...{ created_at: at, ended_at: null },
    };
    await pruneRuns(tx, release.id, keptRuns - 1);
    await insertRun(tx, begun);
    await enqueueRun(tx, begun, at);
    const act = { row: begun, slug: project.slug, version: release.version, at };
    await recordPreflightAct(tx, caller, { ...act, action: 'wordpress.preflight_requested' });
    return begun;
  });
  wakeWorker();
  return row;
}

/** Gives up the run of a release that is under way. Throws `conflict`, rule `preflight-state`, when there is none. */
export async function cancelPreflight(
  { database, now }: Pick<PreflightParts, 'database' | 'now'>,
  caller: Caller,
  { slug, version }: ReleaseName,
): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    const { release } = await requireRelease(tx, caller.organisationId, { slug, version });
    const row = await findReport(tx, release.id);
    if (row && openStates.includes(row.state) && (await end(tx, { row, slug, version, caller, at }))) return;
    throw new Refusal('conflict', 'no pre-flight of this release is under way', {
      rule: 'preflight-state',
      hint: 'signpost wordpress preflight show SLUG VERSION',
    });
  });
}

async function end(
  tx: Query,
  act: { row: PreflightRow; slug: string; version: string; caller: Caller; at: number },
): Promise<boolean> {
  const change = { state: 'cancelled', tool: null, ended_at: act.at } as const;
  const row = await moveRun(tx, act.row.id, { from: openStates, change });
  if (row) await recordPreflightAct(tx, act.caller, { ...act, row, action: 'wordpress.preflight_cancelled' });
  return row !== undefined;
}

/** Takes up what a server that ended has left: nobody else works on it. */
export async function recoverPreflights({ database, now }: Pick<PreflightParts, 'database' | 'now'>): Promise<void> {
  await database.transaction((tx) => endHeldJobs(tx, preflightJobKind, now()));
  for (const row of await listOpenRuns(database.query)) {
    await database.transaction((tx) => enqueueRun(tx, row, now()));
  }
}

async function enqueueRun(
  tx: Query,
  { id, organisation_id }: Pick<PreflightRow, 'id' | 'organisation_id'>,
  at: number,
): Promise<void> {
  await enqueueJob(tx, {
    ...{ id: createId(at), organisationId: organisation_id, kind: preflightJobKind, payload: { preflight_id: id } },
    ...{ dedupeKey: `${preflightJobKind}:${id}`, runAt: at, now: at },
  });
}

/** Puts an act on record. Last in its transaction. */
export async function recordPreflightAct(
  tx: Query,
  { organisationId, actor }: { readonly organisationId: string; readonly actor: Actor },
  act: {
    readonly row: PreflightRow;
    readonly slug: string;
    readonly version: string;
    readonly action: Extract<AuditAction, `wordpress.preflight_${string}`>;
    readonly at: number;
    readonly detail?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const { row, slug, version, action, at, detail } = act;
  const object = { kind: 'wordpress-preflight', id: row.id };
  await recordAudit(tx, at, { organisationId, actor, action, object, detail: { project: slug, version, ...detail } });
}
