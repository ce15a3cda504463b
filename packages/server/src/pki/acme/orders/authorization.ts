/** Authorisations and their challenges (RFC 8555, sections 7.1.4, 7.5 and 8): the client chooses one, a job tries it. */
import { recordAudit } from '../../../audit/store.ts';
import { createId } from '../../../storage/ids.ts';
import { enqueueJob } from '../../../storage/jobs.ts';
import { type AccountDependencies, callerFor } from '../accounts/account.ts';
import type { ChallengeType } from '../directories/directory.ts';
import { AcmeProblem } from '../problem.ts';
import { type AccountRequest, parsePayload } from '../requests/signed-request.ts';
import { writeInGroup } from '../write-in-group.ts';
import {
  type AuthorizationRow,
  attemptAuthorization,
  failOrders,
  findAuthorization,
  moveAuthorization,
} from './store.ts';

/** Looks for a proof at once, in this process. */
export interface ValidationStarter {
  /** Whether another validation may begin. */
  readonly hasRoom: boolean;
  /** Begins with an attempt that is noted. Resolves once what it found stands in the database, or an answer should wait no longer. */
  start(row: AuthorizationRow): Promise<void>;
}

/** What challenges work with. */
export interface ChallengeDependencies extends Pick<AccountDependencies, 'database' | 'now' | 'limits'> {
  readonly validations: ValidationStarter;
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
}

/** The kind of the job that tries a challenge; its payload names the authorisation. */
export const validationJobKind = 'acme.validate';

/** The key under which the job of an authorisation waits. */
export function validationJobKey(authorizationId: string): string {
  return `${validationJobKind}:${authorizationId}`;
}

/** Longer than all attempts of a validation take. */
const takeOverMs = 60_000;

/** The challenges of an authorisation that a client may see: all while it is open, the one that was tried afterwards. */
export function listOffered({ challenges, state, attempted }: AuthorizationRow): readonly ChallengeType[] {
  const offered = JSON.parse(challenges) as ChallengeType[];
  return state === 'pending' || attempted === null ? offered : offered.filter((type) => type === attempted);
}

/** The key under which failures are counted. */
export function failureKey({ account_id, kind, value }: AuthorizationRow): string {
  return `failures ${account_id} ${kind}:${value}`;
}

/** An authorisation of the request's account. Throws `malformed` with status 404 when there is none. */
async function requireAuthorization(
  { database }: Pick<AccountDependencies, 'database'>,
  { account }: AccountRequest,
  id: string,
): Promise<AuthorizationRow> {
  const row = await findAuthorization(database.query, account.id, id);
  if (!row) throw new AcmeProblem('malformed', 'this account has no such authorisation', { status: 404 });
  return row;
}

/**
 * Takes the client's word that a challenge can be tried (RFC 8555, 7.5.1), and has it tried: what comes of it soon stands in the
 * answer. Saying so again changes nothing. An empty payload only reads.
 */
export async function answerChallenge(
  dependencies: ChallengeDependencies,
  request: AccountRequest,
  { id, type }: { id: string; type: string },
): Promise<AuthorizationRow> {
  const { now, limits } = dependencies;
  const row = await requireAuthorization(dependencies, request, id);
  const { challenges } = request.directory;
  if (!listOffered(row).some((offered) => offered === type && challenges.includes(offered))) {
    throw new AcmeProblem('malformed', 'this authorisation has no such challenge', { status: 404 });
  }
  if (request.payload.length === 0) return row;
  parsePayload(request);
  const at = now();
  if (row.state !== 'pending' || row.attempted !== null || row.expires_at <= at) return row;
  limits.assertBelow(failureKey(row), request.directory.limits.failures);
  await startValidation(dependencies, { row, type, at, organisationId: request.directory.organisationId });
  return requireAuthorization(dependencies, request, id);
}

/** The job is for the case that this process does not live to see the end. */
async function startValidation(
  { database, validations, wakeWorker }: ChallengeDependencies,
  { row, type, at, organisationId }: { row: AuthorizationRow; type: string; at: number; organisationId: string },
): Promise<void> {
  const isStartedHere = validations.hasRoom;
  let isFirst = false;
  await writeInGroup(database, async (tx) => {
    isFirst = await attemptAuthorization(tx, { id: row.id, type, now: at });
    if (!isFirst) return;
    await enqueueJob(tx, {
      ...{ id: createId(at), organisationId, kind: validationJobKind, payload: { authorization_id: row.id } },
      ...{ dedupeKey: validationJobKey(row.id), runAt: isStartedHere ? at + takeOverMs : at, now: at },
    });
  });
  if (!isFirst) return;
  if (isStartedHere) await validations.start({ ...row, attempted: type });
  else wakeWorker();
}

/** Gives an authorisation up when the client says so (RFC 8555, 7.5.2); an empty payload only reads. */
export async function changeAuthorization(
  dependencies: Pick<ChallengeDependencies, 'database' | 'now'>,
  request: AccountRequest,
  id: string,
): Promise<AuthorizationRow> {
  const { database, now } = dependencies;
  const row = await requireAuthorization(dependencies, request, id);
  if (request.payload.length === 0) return row;
  if (parsePayload(request).status !== 'deactivated') {
    throw new AcmeProblem('malformed', 'expected status to be deactivated');
  }
  if (row.state === 'deactivated') return row;
  const at = now();
  const change = { state: 'deactivated' } as const;
  await database.transaction(async (tx) => {
    if (!(await moveAuthorization(tx, row.id, { from: ['pending', 'valid'], change }))) {
      throw new AcmeProblem('malformed', `expected a pending or valid authorisation, got one that is ${row.state}`);
    }
    const problem = new AcmeProblem('unauthorized', 'an authorisation of this order was given up');
    await failOrders(tx, row.id, JSON.stringify(problem.describe()));
    await recordAudit(tx, at, {
      ...callerFor(request.directory),
      action: 'acme.authorization_ended',
      object: { kind: 'acme-authorization', id: row.id },
      detail: { name: row.value, account: row.account_id },
    });
  });
  return { ...row, ...change };
}
