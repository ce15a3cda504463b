/** Errors as problem details (RFC 9457). The one place where a refusal becomes a status. */
import { randomUUID } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { Refusal, type RefusalCode } from '../errors.ts';
import { isOutage } from '../storage/violation.ts';
import type { AppEnv } from './context.ts';

/** The code of a problem document: a refusal's, or `internal` for a fault of ours. */
export type ProblemCode = RefusalCode | 'internal';

/** The status of each code; the compiler keeps the table complete. */
export const problemStatus: Readonly<Record<ProblemCode, ContentfulStatusCode>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_type: 415,
  range_not_satisfiable: 416,
  upload_refused: 422,
  trust_refused: 422,
  rate_limited: 429,
  internal: 500,
  vault_locked: 503,
  unavailable: 503,
};

const titles: Readonly<Record<ProblemCode, string>> = {
  invalid: 'The request is not valid',
  unauthenticated: 'Authentication is required',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  conflict: 'Conflict with the present state',
  too_large: 'Too large',
  unsupported_type: 'Unsupported media type',
  range_not_satisfiable: 'Range not satisfiable',
  upload_refused: 'The upload was refused',
  trust_refused: 'The signed document was refused',
  rate_limited: 'Too many requests',
  internal: 'Internal error',
  vault_locked: 'The vault is locked',
  unavailable: 'Temporarily unavailable',
};

/** A problem document as it is sent. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: ContentfulStatusCode;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly rule?: string;
  readonly hint?: string;
  /** For `internal` and for an outage: the id under which the log tells more. */
  readonly instance?: string;
}

/** Seconds after which a client may look whether database and disk serve again. */
const outageRetrySeconds = 5;

/** Turns whatever was thrown into a problem document. A fault of ours is logged and answered without its message. */
export function problemOf(error: unknown, log: Logger): Problem {
  if (error instanceof Refusal) return describe(error.code, error.message, { rule: error.rule, hint: error.hint });
  if (error instanceof TrustError) return describe('trust_refused', error.message, { rule: error.code });
  if (error instanceof HTTPException) return describe(codeOfStatus(error.status), error.message);
  const instance = `urn:uuid:${randomUUID()}`;
  if (isOutage(error)) {
    log.error({ instance, error: describeFault(error) }, 'a request failed because database or disk did not serve');
    return describe('unavailable', 'the server cannot reach or write its data for now', { instance });
  }
  log.error({ instance, error: describeFault(error) }, 'a request failed by a fault of the server');
  return describe('internal', 'the server failed; its log tells more under this instance', { instance });
}

/**
 * Answers with the problem document of `error`; the headers that were set on `c` before are kept. `members` are
 * extensions (RFC 9457, 3.2), such as the offset at which an upload goes on.
 */
export function answerProblem(
  c: Context<AppEnv>,
  error: unknown,
  { log, members = {} }: { log: Logger; members?: Readonly<Record<string, string | number>> },
): Response {
  const problem = problemOf(error, log);
  return c.body(JSON.stringify({ ...members, ...problem }), problem.status, headersOf(error));
}

function headersOf(error: unknown): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  };
  if (isOutage(error)) headers['Retry-After'] = String(outageRetrySeconds);
  if (!(error instanceof Refusal)) return headers;
  // RFC 9110, 15.5.2: a 401 names the scheme.
  if (error.code === 'unauthenticated') headers['WWW-Authenticate'] = 'Bearer realm="signpost"';
  if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(Math.ceil(error.retryAfterSeconds));
  return headers;
}

function describe(
  code: ProblemCode,
  detail: string,
  more: { rule?: string | undefined; hint?: string | undefined; instance?: string } = {},
): Problem {
  return {
    type: `urn:signpost:problem:${code}`,
    title: titles[code],
    status: problemStatus[code],
    detail,
    code,
    ...(more.rule === undefined ? {} : { rule: more.rule }),
    ...(more.hint === undefined ? {} : { hint: more.hint }),
    ...(more.instance === undefined ? {} : { instance: more.instance }),
  };
}

/** Hono's own refusals: malformed JSON (400), too large (413), a media type that the route does not take (415). */
function codeOfStatus(status: number): ProblemCode {
  switch (status) {
    case 404:
      return 'not_found';
    case 413:
      return 'too_large';
    case 415:
      return 'unsupported_type';
    default:
      return status < 500 ? 'invalid' : 'unavailable';
  }
}

/** What the log says of a fault. Name, message and stack only: other members of an error (of a driver, say) may hold values of rows. */
export function describeFault(error: unknown): Record<string, string | undefined> {
  if (!(error instanceof Error)) return { name: typeof error };
  return { name: error.name, message: error.message, stack: error.stack };
}
