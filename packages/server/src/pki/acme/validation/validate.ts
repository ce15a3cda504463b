/** The job behind a challenge: looks for the proof a few times, then decides, in one transaction with the orders that wait. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { recordAudit } from '../../../audit/store.ts';
import type { Database } from '../../../storage/database.ts';
import { completeWaitingJob } from '../../../storage/job-queue.ts';
import type { Job } from '../../../storage/jobs.ts';
import { callerFor } from '../accounts/account.ts';
import { type AccountRow, recallAccount } from '../accounts/store.ts';
import { type ChallengeType, type Directory, recallDirectoryById } from '../directories/directory.ts';
import { failureKey, validationJobKey } from '../orders/authorization.ts';
import { proofLifeMs } from '../orders/order.ts';
import {
  type AuthorizationRow,
  failOrders,
  findAuthorizationById,
  moveAuthorization,
  readyOrders,
} from '../orders/store.ts';
import { refuseWithdrawn } from '../orders/withdrawn-challenges.ts';
import { AcmeProblem } from '../problem.ts';
import type { HourlyLimits } from '../requests/hourly-limits.ts';
import { writeInGroup } from '../write-in-group.ts';
import { validateDns } from './dns-01.ts';
import { validateHttp } from './http-01.ts';
import type { Attempt } from './proof.ts';
import type { Resolver } from './resolver.ts';
import { validateTls } from './tls-alpn-01.ts';

/** What validation works with. */
export interface ValidationDependencies {
  readonly database: Database;
  readonly resolver: Resolver;
  readonly limits: HourlyLimits;
  readonly now: () => number;
  readonly log: Pick<Logger, 'info'>;
  /** Pauses between attempts, where they are not the usual ones: in tests. */
  readonly pausesMs?: readonly number[];
}

/** How long one attempt may take. */
const attemptMs = 10_000;

/** Pauses before the second and third attempt: records and files come into force late. */
const usualPausesMs = [1000, 3000] as const;

const validators: Readonly<Record<ChallengeType, (attempt: Attempt) => Promise<void>>> = {
  'http-01': validateHttp,
  'dns-01': validateDns,
  'tls-alpn-01': validateTls,
};

/** Tries the challenge that the client chose. Resolves when the authorisation is valid or invalid, or was ended before. */
export async function validateAuthorization(
  dependencies: ValidationDependencies,
  { payload, signal }: Pick<Job, 'payload' | 'signal'>,
): Promise<void> {
  const row = await findAuthorizationById(dependencies.database.query, String(payload.authorization_id));
  if (row?.state === 'pending' && row.attempted !== null) await validateRow(dependencies, row, signal);
}

/** The same for an authorisation that is pending, of which one challenge is noted as attempted. */
export async function validateRow(
  dependencies: ValidationDependencies,
  row: AuthorizationRow,
  signal: AbortSignal,
): Promise<void> {
  const { database, limits, log } = dependencies;
  const account = await recallAccount(database.query, row.account_id);
  const directory = account && (await recallDirectoryById(database.query, account.directory_id));
  if (!directory) return;
  const problem =
    findObstacle(row, { account, directory }) ??
    (await findFailure(dependencies, row, { directory, thumbprint: account.thumbprint, stop: signal }));
  if (problem) {
    limits.note(failureKey(row));
    log.info({ authorization: row.id, challenge: row.attempted, problem: problem.type }, 'a validation failed');
  }
  await recordOutcome(dependencies, row, { directory, problem });
}

/** Why nothing is to be tried: what changed since the client was told to go on. */
function findObstacle(
  { attempted }: AuthorizationRow,
  { account, directory }: { readonly account: Pick<AccountRow, 'state'>; readonly directory: Directory },
): AcmeProblem | undefined {
  if (account.state !== 'valid') return new AcmeProblem('unauthorized', 'expected a valid account');
  return directory.challenges.some((type) => type === attempted) ? undefined : refuseWithdrawn();
}

/** The problem of the last attempt; undefined as soon as one finds the proof. */
async function findFailure(
  { resolver, pausesMs = usualPausesMs }: ValidationDependencies,
  row: AuthorizationRow,
  { directory, thumbprint, stop }: { directory: Directory; thumbprint: string; stop: AbortSignal },
): Promise<AcmeProblem | undefined> {
  const validate = validators[row.attempted as ChallengeType];
  const { kind, value: name, token } = row;
  for (let attempt = 0; ; attempt++) {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(attemptMs)]);
    try {
      await validate({ name, kind, token, thumbprint, directory, resolver, signal });
      return undefined;
    } catch (error) {
      stop.throwIfAborted();
      if (!(error instanceof AcmeProblem)) throw error;
      const pause = pausesMs[attempt];
      if (pause === undefined) return error;
      await delay(pause, undefined, { signal: stop });
    }
  }
}

async function recordOutcome(
  { database, now }: ValidationDependencies,
  row: AuthorizationRow,
  { directory, problem }: { directory: Directory; problem: AcmeProblem | undefined },
): Promise<void> {
  const at = now();
  const error = problem ? JSON.stringify(problem.describe()) : null;
  const change = problem
    ? ({ state: 'invalid', error } as const)
    : ({ state: 'valid', validated_at: at, expires_at: Math.max(row.expires_at, at + proofLifeMs) } as const);
  await writeInGroup(database, async (tx) => {
    await completeWaitingJob(tx, validationJobKey(row.id), at);
    if (!(await moveAuthorization(tx, row.id, { from: ['pending'], change }))) return;
    if (error === null) await readyOrders(tx, row.id);
    else await failOrders(tx, row.id, error);
    await recordAudit(tx, at, {
      ...callerFor(directory),
      action: problem ? 'acme.validation_failed' : 'acme.validated',
      object: { kind: 'acme-authorization', id: row.id },
      ...(problem && { outcome: 'refused' as const }),
      detail: {
        ...{ name: row.value, challenge: row.attempted, account: row.account_id, directory: directory.name },
        ...(problem && { problem: problem.type }),
      },
    });
  });
}
