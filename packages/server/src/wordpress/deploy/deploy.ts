/** Deploys of a release to the plugin's repository: requested, prepared, looked at, confirmed, committed. */
import type { AuditAction } from '../../audit/actions.ts';
import type { Actor, Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';
import type { RasterDecoding } from '../../images/raster/decode.ts';
import { type ReleaseInProject, requireRelease } from '../../releases/lifecycle/release.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { endHeldJobs } from '../../storage/job-queue.ts';
import { enqueueJob } from '../../storage/jobs.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { violationOf } from '../../storage/violation.ts';
import type { Vault } from '../../vault/vault.ts';
import { openCredential, requirePlugin } from '../credentials/credential.ts';
import { readRelease, requireArchive } from '../plugin/reading.ts';
import { ensurePreflight, type PreflightParts, readStandingIn } from '../preflight/preflight.ts';
import { digestRules } from '../preflight/subject.ts';
import { admitDeploy } from '../preflight/verdict.ts';
import {
  type DeployRow,
  type DeployState,
  findDeploy,
  inFlight,
  insertDeploy,
  listUnfinished,
  moveDeploy,
} from './store.ts';

/** What deploys work with. */
export interface DeployParts extends PreflightParts {
  readonly config: PreflightParts['config'] & Pick<Config, 'wordpressCaFile' | 'wordpressHosts'>;
  readonly pictures: RasterDecoding;
  readonly vault: Vault;
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

/** The kind of the job that prepares or commits a deploy, whichever is next. */
export const deployJobKind = 'wordpress.deploy';

/** What a job does for a deploy, and what is left alone by one that comes late. */
export type DeployPhase = 'prepare' | 'commit';

/** Why a deploy failed; `rule` is API. */
export interface DeployFailure {
  readonly rule: string;
  readonly message: string;
  readonly hint: string;
}

/** Names one deploy of a project. */
export interface DeployName {
  readonly slug: string;
  readonly id: string;
}

/**
 * Asks for a deploy of a release in service. Throws `conflict`: rule `release-state` for one that is not, rule `plugin-findings` when the archive says
 * something else than the release, rule `deploy-in-flight`, and as `openCredential` does.
 */
export async function requestDeploy(
  parts: DeployParts,
  caller: Caller,
  { slug, version }: { slug: string; version: string },
): Promise<DeployRow> {
  const { database } = parts;
  const where = await requireRelease(database.query, caller.organisationId, { slug, version });
  const artifact = await requireArchive(database.query, where);
  assertInService(where);
  await assertSound(parts, where);
  const { repository } = await openCredential(parts, where.project.id);
  const row = await openDeploy(parts, caller, {
    project: where.project,
    subject: { lane: 'code', releaseId: where.release.id, version, digest: artifact.sha256, repository },
  });
  await ensurePreflight(parts, caller, where);
  return row;
}

/** What is to be deployed. */
interface DeploySubject {
  readonly lane: DeployRow['lane'];
  readonly releaseId: string | null;
  /** Of the release; `assets` for pictures. */
  readonly version: string;
  /** The SHA-256 of the archive, or of the batch of pictures. */
  readonly digest: string;
  readonly repository: string;
}

/** Begins a deploy. Throws `conflict`, rule `deploy-in-flight`, while another one of its lane is. */
export async function openDeploy(
  { database, now, wakeWorker }: Pick<DeployParts, 'database' | 'now' | 'wakeWorker'>,
  caller: Caller,
  { project, subject }: { readonly project: ProjectRow; readonly subject: DeploySubject },
): Promise<DeployRow> {
  const at = now();
  const { lane, releaseId, version, digest, repository } = subject;
  const row: DeployRow = {
    ...{ id: createId(at), organisation_id: caller.organisationId, project_id: project.id },
    ...{ release_id: releaseId, lane, version, artifact_sha256: digest, repository },
    ...{ state: 'requested', stage: null, attempts: 0, diff_digest: null, diff: null, revision: null, failure: null },
    ...{ actor: JSON.stringify(caller.actor), confirmed_by: null, created_at: at, updated_at: at, ended_at: null },
  };
  await database
    .transaction(async (tx) => {
      await insertDeploy(tx, row);
      await enqueueDeployJob(tx, row, at);
      await recordDeployAct(tx, caller, { row, slug: project.slug, action: 'wordpress.deploy_requested', at });
    })
    .catch((error: unknown) => {
      if (violationOf(error) !== 'unique') throw error;
      throw new Refusal('conflict', `a deploy of this project's ${lane} is in flight`, {
        rule: 'deploy-in-flight',
        hint: 'signpost wordpress status, then confirm or cancel it',
      });
    });
  wakeWorker();
  return row;
}

/**
 * Lets a prepared deploy be committed, if `digest` is that of its diff. Throws `conflict`: rule `diff-changed` for another digest, rule `deploy-state`
 * for a deploy that waits for nobody, as `admitDeploy` does for what the pre-flight found, where `acknowledged` is the id of a report, and as
 * `requestDeploy` does for a release that is not in service any more.
 */
export async function confirmDeploy(
  parts: DeployParts,
  caller: Caller,
  { name, digest, acknowledged }: { name: DeployName; digest: string; acknowledged?: string | undefined },
): Promise<DeployRow> {
  const { database, now, wakeWorker } = parts;
  const at = now();
  const rules = await digestRules();
  const row = await database.transaction(async (tx) => {
    const before = await requireDeploy(tx, caller.organisationId, name);
    const where = before.lane === 'code' ? await requireInService(tx, caller, before, name) : undefined;
    if (before.state !== 'awaiting_confirmation') throw wrongState(before);
    if (before.diff_digest !== digest) {
      throw new Refusal('conflict', 'expected the digest of the diff that was prepared, got another', {
        rule: 'diff-changed',
        hint: 'look at the diff again, and confirm the digest that it shows',
      });
    }
    // Pictures are none of the pre-flight's business.
    const deployed = { sha256: before.artifact_sha256, acknowledged };
    const passed = where && admitDeploy(await readStandingIn(tx, where, { ...parts, rules }), deployed);
    const change = {
      state: 'committing',
      stage: null,
      confirmed_by: JSON.stringify(caller.actor),
      updated_at: at,
    } as const;
    const moved = await moveDeploy(tx, before.id, { from: ['awaiting_confirmation'], change });
    if (!moved) throw wrongState(before);
    await enqueueDeployJob(tx, moved, at);
    const act = {
      row: moved,
      slug: name.slug,
      action: 'wordpress.deploy_confirmed',
      at,
      detail: { diff: digest, ...passed },
    } as const;
    await recordDeployAct(tx, caller, act);
    return moved;
  });
  wakeWorker();
  return row;
}

async function requireInService(
  tx: Query,
  { organisationId }: Caller,
  { version }: DeployRow,
  { slug }: DeployName,
): Promise<ReleaseInProject> {
  const where = await requireRelease(tx, organisationId, { slug, version });
  assertInService(where);
  return where;
}

/** Gives a deploy up that was not confirmed. Throws `conflict`, rule `deploy-state`, once it was. */
export async function cancelDeploy(
  { database, now }: Pick<DeployParts, 'database' | 'now'>,
  caller: Caller,
  name: DeployName,
): Promise<DeployRow> {
  const at = now();
  return database.transaction(async (tx) => {
    const before = await requireDeploy(tx, caller.organisationId, name);
    const from: readonly DeployState[] = ['requested', 'preparing', 'awaiting_confirmation'];
    const row = await moveDeploy(tx, before.id, {
      from,
      change: { state: 'cancelled', stage: null, updated_at: at, ended_at: at },
    });
    if (!row) throw wrongState(before);
    await recordDeployAct(tx, caller, { row, slug: name.slug, action: 'wordpress.deploy_cancelled', at });
    return row;
  });
}

/** The deploy of that project. Throws `not_found`. */
export async function requireDeploy(query: Query, organisationId: string, name: DeployName): Promise<DeployRow> {
  const project = await requirePlugin(query, organisationId, name.slug);
  const row = await findDeploy(query, name.id);
  if (row?.project_id === project.id) return row;
  throw new Refusal('not_found', 'there is no such deploy', { hint: 'signpost wordpress status' });
}

/** Takes up what a server that ended has left: nobody else works on it. */
export async function recoverDeploys({ database, now }: Pick<DeployParts, 'database' | 'now'>): Promise<void> {
  await database.transaction((tx) => endHeldJobs(tx, deployJobKind, now()));
  await resumeDeploys({ database, now });
}

/** Asks again for what is to be done, where no job does it: a commit whose end nobody knows is asked about until the repository answers. */
export async function resumeDeploys({ database, now }: Pick<DeployParts, 'database' | 'now'>): Promise<number> {
  const rows = await listUnfinished(database.query);
  for (const row of rows) await database.transaction((tx) => enqueueDeployJob(tx, row, now()));
  return rows.length;
}

/** Puts an act on record. Last in its transaction. */
export async function recordDeployAct(
  tx: Query,
  { organisationId, actor }: { organisationId: string; actor: Actor },
  act: {
    readonly row: DeployRow;
    readonly slug: string;
    readonly action: Extract<AuditAction, `wordpress.deploy${string}` | 'wordpress.failed'>;
    readonly at: number;
    readonly detail?: Readonly<Record<string, string | number>>;
  },
): Promise<void> {
  const { row, slug, action, at, detail } = act;
  const object = { kind: 'wordpress-deploy', id: row.id };
  const facts = { project: slug, version: row.version, lane: row.lane, repository: row.repository, ...detail };
  if (action === 'wordpress.deployed' || action === 'wordpress.failed') {
    const payload = { deploy_id: row.id, ...facts };
    await recordEvent(tx, { id: createId(at), organisationId, topic: action, payload, at });
  }
  await recordAudit(tx, at, { organisationId, actor, action, object, detail: facts });
}

/** What maintainers have not let through, or what was taken back, goes nowhere else. */
export function assertInService({
  release,
}: {
  readonly release: ReleaseInProject['release'];
  readonly project?: ProjectRow;
}): void {
  if (release.state === 'active') return;
  throw new Refusal('conflict', `expected the release to be in service, got one that is ${release.state}`, {
    rule: 'release-state',
    hint: 'signpost release activate VERSION --project SLUG',
  });
}

async function assertSound(parts: DeployParts, where: ReleaseInProject): Promise<void> {
  const { findings } = await readRelease(parts, where);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  throw new Refusal(
    'conflict',
    `the plugin says something else than its release: ${errors.map(({ message }) => message).join('; ')}`,
    {
      rule: 'plugin-findings',
      hint: 'signpost wordpress show SLUG VERSION; build the archive again and release it under a new version',
    },
  );
}

async function enqueueDeployJob(
  tx: Query,
  { id, organisation_id, state }: Pick<DeployRow, 'id' | 'organisation_id' | 'state'>,
  at: number,
): Promise<void> {
  const phase: DeployPhase = state === 'committing' ? 'commit' : 'prepare';
  await enqueueJob(tx, {
    ...{ id: createId(at), organisationId: organisation_id, kind: deployJobKind, payload: { deploy_id: id, phase } },
    ...{ dedupeKey: `${deployJobKind}:${id}:${phase}`, runAt: at, now: at },
  });
}

function wrongState({ state }: DeployRow): Refusal {
  const isOpen = inFlight.includes(state);
  return new Refusal('conflict', `the deploy is ${state}`, {
    rule: 'deploy-state',
    hint: isOpen ? 'signpost wordpress status tells when it goes on' : 'signpost wordpress deploy begins another one',
  });
}
