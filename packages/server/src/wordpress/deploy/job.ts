/** The job behind a deploy. It bears being run again at any point: what happened to a commit is asked of the repository. */
import { type Actor, systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { findRelease } from '../../releases/lifecycle/store.ts';
import type { Job } from '../../storage/jobs.ts';
import { openCredential, type RepositoryAccess } from '../credentials/credential.ts';
import { SvnFailure } from '../svn/failure.ts';
import { findDeployMark, findLastChange } from '../svn/repository.ts';
import type { SvnSession } from '../svn/run.ts';
import { assertInService, type DeployFailure, type DeployParts, type DeployPhase, recordDeployAct } from './deploy.ts';
import { createFailure, DeployStop, describeFailure } from './failure.ts';
import { type EnterStage, stageTrunk, withSession } from './staging.ts';
import { type DeployRow, type DeployState, findDeploy, moveDeploy, readProjectSlug } from './store.ts';

/** What a run of the job has in its hands. */
interface Run {
  readonly parts: DeployParts;
  readonly row: DeployRow;
  readonly slug: string;
  readonly signal: AbortSignal;
}

/** Preparations that the server did not survive. */
const maxAttempts = 5;

/** The deploy was cancelled, or moved on otherwise, while a job was at it. */
class DeployEnded extends Error {}

/** Prepares or commits the deploy that the job names. Rejects when the end of a commit could not be learned, so that it is asked again. */
export async function runDeploy(
  parts: DeployParts,
  { payload, signal }: Pick<Job, 'payload' | 'signal'>,
): Promise<void> {
  const row = await findDeploy(parts.database.query, String(payload.deploy_id));
  const phase = payload.phase as DeployPhase;
  if (!row || !statesOf[phase].includes(row.state)) return;
  const slug = await readProjectSlug(parts.database.query, row.project_id);
  try {
    if (phase === 'prepare') await prepare({ parts, row, slug, signal });
    else await commit({ parts, row, slug, signal });
  } catch (error) {
    if (!(error instanceof DeployEnded)) throw error;
  }
}

const statesOf: Readonly<Record<DeployPhase, readonly DeployState[]>> = {
  prepare: ['requested', 'preparing'],
  commit: ['committing'],
};

async function prepare(run: Run): Promise<void> {
  const { parts, row, signal } = run;
  const from = statesOf.prepare;
  const attempts = row.attempts + 1;
  if (attempts > maxAttempts)
    return fail(run, from, createFailure('server-ended', `the server ended during ${row.attempts} preparations`));
  if (!(await moveDeploy(parts.database.query, row.id, { from, change: { state: 'preparing', attempts } }))) return;
  try {
    const access = await openAccess(run);
    await withSession(parts, { access, signal }, (session) => prepareIn(run, session));
  } catch (error) {
    // A server that stops has not failed.
    if (signal.aborted || error instanceof DeployEnded) throw error;
    parts.log.warn({ err: error, deploy: row.id }, 'a deploy could not be prepared');
    await fail(run, from, describeFailure(error));
  }
}

async function prepareIn(run: Run, session: SvnSession): Promise<void> {
  const { parts, row, slug } = run;
  const { database, now } = parts;
  if ((await findDeployMark(session, tagUrl(row))) !== undefined) throw tagExists(row);
  const { diff, digest } = await stageTrunk(parts, row, { session, enter: createEnter(run, ['preparing']) });
  const at = now();
  await database.transaction(async (tx) => {
    const change = {
      state: 'awaiting_confirmation',
      stage: null,
      diff: JSON.stringify(diff),
      diff_digest: digest,
      updated_at: at,
    } as const;
    const moved = await moveDeploy(tx, row.id, { from: ['preparing'], change });
    if (!moved) throw new DeployEnded();
    const detail = { diff: digest, changes: diff.changes.length };
    await recordDeployAct(tx, systemOf(row), { row: moved, slug, action: 'wordpress.deploy_prepared', at, detail });
  });
}

/** While nothing was sent, what goes wrong is the end of it. Afterwards only the repository's answer is. */
async function commit(run: Run): Promise<void> {
  const { parts, row, signal } = run;
  const wasSent = row.stage === 'sending';
  const progress = { isSent: wasSent };
  try {
    const access = await openAccess(run);
    await withSession(parts, { access, signal }, async (session) => {
      if (wasSent && (await settle(run, session))) return;
      // No tag, and the one who would have made it is gone with the server.
      await commitIn(run, session, progress);
    });
  } catch (error) {
    if (signal.aborted || error instanceof DeployEnded) throw error;
    // Somebody unlocks the vault; until then the confirmation stands.
    if (progress.isSent || (error instanceof Refusal && error.code === 'vault_locked')) throw error;
    parts.log.warn({ err: error, deploy: row.id }, 'a deploy could not be committed');
    await fail(run, statesOf.commit, describeFailure(error));
  }
}

async function commitIn(run: Run, session: SvnSession, progress: { isSent: boolean }): Promise<void> {
  const { parts, row } = run;
  const enter = createEnter(run, ['committing']);
  try {
    await assertStillInService(run);
    // What was sent before is nobody's any more, unless the repository says otherwise below.
    const staged = await stageTrunk(parts, row, { session, enter: async () => undefined });
    if (staged.digest !== row.diff_digest)
      throw new DeployStop('trunk-moved', 'trunk is not as it was when the diff was made');
    await staged.copy.copyTrunk(`tags/${row.version}`);
    await enter('sending');
    progress.isSent = true;
    await staged.copy.commit(`tags/${row.version}`, describeCommit(row));
  } catch (error) {
    if (!progress.isSent || run.signal.aborted || error instanceof DeployEnded || isUncertain(error)) throw error;
    // The call has ended and said no, perhaps to a second attempt after the first one had come through.
    if (await settle(run, session)) return;
    parts.log.warn({ err: error, deploy: row.id }, 'a commit was refused');
    return fail(run, statesOf.commit, describeFailure(error));
  }
  if (!(await settle(run, session))) throw new Error('expected the tag after its commit');
}

/** After these, the repository may or may not have the commit. */
function isUncertain(error: unknown): boolean {
  return error instanceof SvnFailure && ['unreachable', 'time-limit', 'output-limit'].includes(error.kind);
}

/** Asks the repository whether the tag is there: true when it is, and the deploy at its end. Throws when it does not answer. */
async function settle(run: Run, session: SvnSession): Promise<boolean> {
  const { row } = run;
  const mark = await findDeployMark(session, tagUrl(row));
  if (mark === undefined) return false;
  if (mark !== row.id) {
    await fail(run, statesOf.commit, tagExists(row).failure);
    return true;
  }
  const revision = await findLastChange(session, tagUrl(row));
  if (revision === undefined) return false;
  await conclude(run, revision);
  return true;
}

async function conclude({ parts: { database, now }, row, slug }: Run, revision: number): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    const change = { state: 'deployed', stage: null, revision, updated_at: at, ended_at: at } as const;
    const moved = await moveDeploy(tx, row.id, { from: statesOf.commit, change });
    if (!moved) throw new DeployEnded();
    await recordDeployAct(tx, systemOf(row), {
      row: moved,
      slug,
      action: 'wordpress.deployed',
      at,
      detail: { revision },
    });
  });
}

async function fail(
  { parts: { database, now }, row, slug }: Run,
  from: readonly DeployState[],
  failure: DeployFailure,
): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    const change = {
      state: 'failed',
      stage: null,
      failure: JSON.stringify(failure),
      updated_at: at,
      ended_at: at,
    } as const;
    const moved = await moveDeploy(tx, row.id, { from, change });
    if (!moved) throw new DeployEnded();
    const detail = { rule: failure.rule };
    await recordDeployAct(tx, systemOf(row), { row: moved, slug, action: 'wordpress.failed', at, detail });
  });
}

/** Notes what is done next, in the row. */
function createEnter({ parts: { database, now }, row }: Run, from: readonly DeployState[]): EnterStage {
  return async (stage) => {
    if (!(await moveDeploy(database.query, row.id, { from, change: { stage, updated_at: now() } })))
      throw new DeployEnded();
  };
}

/** The credential, if it still leads to where the deploy was asked for. */
async function openAccess({ parts, row }: Run): Promise<RepositoryAccess> {
  const access = await openCredential(parts, row.project_id);
  if (access.repository === row.repository) return access;
  throw new DeployStop('release-state', `expected the repository to be ${row.repository} still`);
}

async function assertStillInService({ parts, row }: Run): Promise<void> {
  const release = await findRelease(parts.database.query, row.project_id, row.version);
  if (!release || release.deleted_at !== null)
    throw new DeployStop('release-state', 'the release is not there any more');
  assertInService({ release });
}

function describeCommit({ id, version }: DeployRow): string {
  return `Release ${version}\n\nSignpost-Deploy: ${id}\n`;
}

function tagUrl({ repository, version }: DeployRow): string {
  return `${repository}/tags/${version}`;
}

function tagExists({ version }: DeployRow): DeployStop {
  return new DeployStop('tag-exists', `expected no tag ${version} in the repository, got one`);
}

function systemOf({ organisation_id }: DeployRow): { organisationId: string; actor: Actor } {
  return { organisationId: organisation_id, actor: systemActor };
}
