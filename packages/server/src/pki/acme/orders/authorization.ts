/** Authorisations and their challenges (RFC 8555, sections 7.1.4, 7.5 and 8): the client chooses one, a job tries it. */
import { recordAudit } from '../../../audit/store.ts';
import { createId } from '../../../storage/ids.ts';
import { enqueueJob } from '../../../storage/jobs.ts';
import { type AccountDependencies, callerFor } from '../accounts/account.ts';
import type { ChallengeType } from '../directories/directory.ts';
import { AcmeProblem } from '../problem.ts';
import { type AccountRequest, parsePayload } from '../requests/signed-request.ts';
import {
  type AuthorizationRow,
  attemptAuthorization,
  failOrders,
  findAuthorization,
  moveAuthorization,
} from './store.ts';

/** What challenges work with. */
export interface ChallengeDependencies extends Pick<AccountDependencies, 'database' | 'now' | 'limits'> {
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
}

/** The kind of the job that tries a challenge; its payload names the authorisation. */
export const validationJobKind = 'acme.validate';

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
 * Takes the client's word that a challenge can be tried (RFC 8555, 7.5.1), and has it tried. Saying so again changes
 * nothing. An empty payload only reads.
 */
export async function answerChallenge(
  dependencies: ChallengeDependencies,
  request: AccountRequest,
  { id, type }: { id: string; type: string },
): Promise<AuthorizationRow> {
  const { database, now, limits, wakeWorker } = dependencies;
  const row = await requireAuthorization(dependencies, request, id);
  if (!listOffered(row).some((offered) => offered === type)) {
    throw new AcmeProblem('malformed', 'this authorisation has no such challenge', { status: 404 });
  }
  if (request.payload.length === 0) return row;
  parsePayload(request);
  const at = now();
  if (row.state !== 'pending' || row.attempted !== null || row.expires_at <= at) return row;
  limits.assertBelow(failureKey(row), request.directory.limits.failures);
  const isFirst = await database.transaction(async (tx) => {
    if (!(await attemptAuthorization(tx, { id: row.id, type, now: at }))) return false;
    const organisationId = request.directory.organisationId;
    return enqueueJob(tx, {
      ...{ id: createId(at), organisationId, kind: validationJobKind, payload: { authorization_id: row.id } },
      ...{ dedupeKey: `${validationJobKind}:${row.id}`, runAt: at, now: at },
    });
  });
  if (isFirst) wakeWorker();
  return requireAuthorization(dependencies, request, id);
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
