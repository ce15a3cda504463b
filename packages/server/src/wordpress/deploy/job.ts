/** The job behind a deploy. It bears being run again at any point: what happened to a commit is asked of the repository. */
import { type Actor, systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Job } from '../../storage/jobs.ts';
import { assetsLane } from '../assets/lane.ts';
import { openCredential, type RepositoryAccess } from '../credentials/credential.ts';
import { SvnFailure } from '../svn/failure.ts';
import type { SvnSession } from '../svn/run.ts';
import { codeLane } from './code-lane.ts';
import { type DeployFailure, type DeployParts, type DeployPhase, recordDeployAct } from './deploy.ts';
import { createFailure, DeployStop, describeFailure } from './failure.ts';
import type { Lane } from './lane.ts';
import { type EnterStage, withSession } from './staging.ts';
import { type DeployRow, type DeployState, findDeploy, moveDeploy, readProjectSlug } from './store.ts';

/** What a run of the job has in its hands. */
interface Run {
  readonly parts: DeployParts;
  readonly row: DeployRow;
  readonly slug: string;
  readonly signal: AbortSignal;
  readonly lane: Lane;
}

const lanes: Readonly<Record<DeployRow['lane'], Lane>> = { code: codeLane, assets: assetsLane };

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
    const run: Run = { parts, row, slug, signal, lane: lanes[row.lane] };
    if (phase === 'prepare') await prepare(run);
    else await commit(run);
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
  const { parts, row, slug, lane } = run;
  const { database, now } = parts;
  await lane.assertOpen(parts, row, session);
  const { diff, digest } = await lane.stage(parts, row, { session, enter: createEnter(run, ['preparing']) });
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
  const { parts, row, lane } = run;
  const enter = createEnter(run, ['committing']);
  try {
    await lane.assertStill(parts, row);
    // What was sent before is nobody's any more, unless the repository says otherwise below.
    const staged = await lane.stage(parts, row, { session, enter: async () => undefined });
    if (staged.digest !== row.diff_digest)
      throw new DeployStop('trunk-moved', 'the repository is not as it was when the diff was made');
    await staged.complete();
    await enter('sending');
    progress.isSent = true;
    await staged.commit();
  } catch (error) {
    if (!progress.isSent || run.signal.aborted || error instanceof DeployEnded || isUncertain(error)) throw error;
    // The call has ended and said no, perhaps to a second attempt after the first one had come through.
    if (await settle(run, session)) return;
    parts.log.warn({ err: error, deploy: row.id }, 'a commit was refused');
    return fail(run, statesOf.commit, describeFailure(error));
  }
  if (!(await settle(run, session))) throw new Error('expected the repository to have what was committed');
}

/** After these, the repository may or may not have the commit. */
function isUncertain(error: unknown): boolean {
  return (
    error instanceof SvnFailure && ['unreachable', 'time-limit', 'output-limit', 'redirected'].includes(error.kind)
  );
}

/** Asks the repository what became of it: true when the deploy is at its end. Throws when it does not answer. */
async function settle(run: Run, session: SvnSession): Promise<boolean> {
  const { parts, row, lane } = run;
  const settlement = await lane.settle(parts, row, session);
  if (settlement === undefined) return false;
  if (settlement.kind === 'deployed') await conclude(run, settlement.revision);
  else await fail(run, statesOf.commit, settlement.failure);
  return true;
}

async function conclude({ parts, row, slug, lane }: Run, revision: number): Promise<void> {
  const { database, now, published } = parts;
  const at = now();
  await database.transaction(async (tx) => {
    const change = { state: 'deployed', stage: null, revision, updated_at: at, ended_at: at } as const;
    const moved = await moveDeploy(tx, row.id, { from: statesOf.commit, change });
    if (!moved) throw new DeployEnded();
    await lane.conclude(tx, row, revision);
    await recordDeployAct(tx, systemOf(row), {
      row: moved,
      slug,
      action: 'wordpress.deployed',
      at,
      detail: { revision },
    });
  });
  published(row.organisation_id);
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

function systemOf({ organisation_id }: DeployRow): { organisationId: string; actor: Actor } {
  return { organisationId: organisation_id, actor: systemActor };
}
