/** Exchanges the token of a build for an API key that holds for minutes, for one project. */
import { TrustError } from '@signpost/protocol/errors';
import type { BaseLogger } from 'pino';
import { createApiKey } from '../../accounts/api-keys.ts';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Verb } from '../../http/context.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { violationOf } from '../../storage/violation.ts';
import { type BuildClaims, interpretClaims } from './claims.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { findDifference } from './match.ts';
import {
  deleteEnded,
  findProjectId,
  holdPublisher,
  insertGrant,
  insertToken,
  listPublishers,
  type PublisherRow,
} from './store.ts';
import { type ParsedToken, parseToken, type VerifiedToken, verifyToken } from './token.ts';

/** What an exchange needs. */
export interface ExchangeParts {
  readonly database: Database;
  readonly now: () => number;
  readonly log: BaseLogger;
  readonly keys: IssuerKeys;
  /** The base URL of this server, which tokens must name as their audience; undefined while it has none. */
  readonly audience: string | undefined;
}

/** A token, and the project that it is shown for. */
export interface ExchangeRequest {
  readonly organisationId: string;
  readonly slug: string;
  readonly token: string;
}

/** What was given for a token. */
export interface GrantedKey {
  /** Nowhere else. */
  readonly key: string;
  readonly expiresAt: number;
  readonly verbs: readonly Verb[];
}

/** How long a key holds. */
const keyLifeMs = 15 * 60_000;

/** How many reasons a refusal names. */
const maxReasons = 5;

/**
 * Gives a key for a token whose build is a publisher of the project. Throws `unauthenticated`, rule `token-refused`, for every other one:
 * strangers are not told what is missing, nor whether there is such a project. The reason stands in the log and, where there is a project,
 * in the audit log. Throws `unavailable` when the server does not know its own address.
 */
export async function exchangeToken(parts: ExchangeParts, request: ExchangeRequest): Promise<GrantedKey> {
  if (parts.audience === undefined) throw refuseWithoutAddress();
  const projectId = await findProjectId(parts.database.query, request.organisationId, request.slug);
  try {
    const judged = await judgeToken(parts, { ...request, projectId, audience: parts.audience });
    return await grantKey(parts, request, judged);
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof TrustError)) throw error;
    await recordRefusal(parts, request, { error, projectId });
    throw refuseStranger(error);
  }
}

interface JudgedToken {
  readonly token: VerifiedToken;
  readonly publisher: PublisherRow;
  readonly claims: BuildClaims;
}

async function judgeToken(
  { database, keys, now }: ExchangeParts,
  { token: text, projectId, audience }: ExchangeRequest & { projectId: string | undefined; audience: string },
): Promise<JudgedToken> {
  const parsed = parseToken(text);
  if (projectId === undefined) throw refuse('project', 'expected a project that is there');
  const named = (await listPublishers(database.query, projectId)).filter(({ issuer }) => issuer === parsed.issuer);
  // Nobody makes the server ask an address that no admin named.
  if (named.length === 0) throw refuse('issuer', `expected an issuer that is a publisher's, got ${describe(parsed)}`);
  const token = await verifyToken(parsed, { keys, audience, now: now() });
  return { token, ...findPublisher(named, token) };
}

function findPublisher(publishers: readonly PublisherRow[], { payload }: VerifiedToken): Omit<JudgedToken, 'token'> {
  const reasons: string[] = [];
  for (const publisher of publishers) {
    const claims = interpretClaims(payload, publisher.platform);
    const difference = findDifference(publisher, claims);
    if (difference === undefined) return { publisher, claims };
    reasons.push(difference);
  }
  throw refuse('claims', reasons.slice(0, maxReasons).join('; '));
}

/** One transaction: the token is spent, the key made, and both are on record. */
async function grantKey(
  { database, now }: ExchangeParts,
  { organisationId, slug }: ExchangeRequest,
  { token, publisher, claims }: JudgedToken,
): Promise<GrantedKey> {
  const verbs: readonly Verb[] = publisher.may_activate === 1 ? ['upload', 'activate'] : ['upload'];
  return database.transaction(async (tx) => {
    const at = now();
    const expiresAt = at + keyLifeMs;
    if (!(await holdPublisher(tx, publisher.id))) throw refuse('publisher', 'expected a publisher that is there');
    await deleteEnded(tx, at);
    await insertToken(tx, token.digest, token.expiresAt).catch((cause: unknown) => {
      throw violationOf(cause) === 'unique' ? refuse('token-replayed', 'expected a token not shown before') : cause;
    });
    const wanted = { organisationId, name: `publisher ${claims.repository}`.slice(0, 200), verbs, expiresAt };
    const { key, row } = await createApiKey(
      tx,
      { ...wanted, scope: `project:${slug}`, createdBy: publisher.created_by },
      { actor: systemActor, now: at },
    );
    const grant = { id: createId(at), publisher_id: publisher.id, api_key_id: row.id, created_at: at };
    await insertGrant(tx, { ...grant, claims: JSON.stringify(claims) });
    const detail = { ...describeBuild(claims), project: slug, publisher: publisher.id, api_key: row.id };
    await recordEvent(tx, { id: createId(at), organisationId, topic: 'publisher.exchanged', payload: detail, at });
    const object = { kind: 'publisher', id: publisher.id };
    const caller: Caller = { organisationId, actor: systemActor };
    await recordAudit(tx, at, { ...caller, action: 'publisher.exchanged', object, detail });
    return { key, expiresAt, verbs };
  });
}

function describeBuild({ issuer, repository, repositoryId, workflow, ref, commit, runUri, actor }: BuildClaims) {
  const build = { issuer, repository, repository_id: repositoryId, workflow, ref, commit, run: runUri };
  return { ...build, started_by: actor ?? null };
}

async function recordRefusal(
  { database, now, log }: ExchangeParts,
  { organisationId, slug }: ExchangeRequest,
  { error, projectId }: { error: Refusal | TrustError; projectId: string | undefined },
): Promise<void> {
  const reason = { rule: error instanceof Refusal ? (error.rule ?? error.code) : error.code, message: error.message };
  log.warn({ project: slug, ...reason, cause: error.cause }, 'a token was refused');
  if (projectId === undefined) return;
  const actor = { kind: 'anonymous', id: null, sessionId: null } as const;
  const entry = { organisationId, actor, action: 'publisher.refused', outcome: 'refused' } as const;
  await database.transaction((tx) =>
    recordAudit(tx, now(), { ...entry, object: { kind: 'project', id: slug }, detail: { project: slug, ...reason } }),
  );
}

function describe({ issuer }: ParsedToken): string {
  return issuer.slice(0, 200);
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('unauthenticated', message, { rule });
}

function refuseStranger(cause: unknown): Refusal {
  return new Refusal('unauthenticated', 'this token is not accepted for this project', {
    rule: 'token-refused',
    hint: 'an admin reads why: signpost audit list --action publisher.refused',
    cause,
  });
}

function refuseWithoutAddress(): Refusal {
  return new Refusal('unavailable', 'this server does not know the address that tokens must be for', {
    rule: 'base-url',
    hint: 'set SIGNPOST_BASE_URL',
  });
}
