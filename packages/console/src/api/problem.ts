/** A refusal of the server (RFC 9457), and what stands in for one when no answer came. */

/** What a problem document says; texts are the server's, in English, and shown as text. */
export interface ProblemDetails {
  /** 0 when no answer came. */
  readonly status: number;
  /** One of the server's codes, or `offline` when no answer came, or `unreadable` for one that is none of ours. */
  readonly code: string;
  readonly detail: string;
  readonly rule?: string | undefined;
  readonly hint?: string | undefined;
  /** The id under which the server's log tells more. */
  readonly instance?: string | undefined;
}

/** Thrown by every call of the client that has no good answer; nothing has changed on the server unless `code` is `offline`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails, options?: ErrorOptions) {
    super(details.detail, options);
    this.details = details;
  }
}

/** What was thrown, as problem details: a fault of the console itself counts as `unreadable`. */
export function problemOf(error: unknown): ProblemDetails {
  if (error instanceof Problem) return error.details;
  return { status: 0, code: 'unreadable', detail: error instanceof Error ? error.message : String(error) };
}

/**
 * Nothing, where the server answers that there is nothing (404). Throws whatever else was thrown.
 * @example const person = await client.ask('GET /api/people/{id}', { path: { id } }).catch(noneIfMissing);
 */
export function noneIfMissing(error: unknown): undefined {
  if (error instanceof Problem && error.details.status === 404) return undefined;
  throw error;
}

/** The problem in an answer that says no. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const text = (name: string) => textAt(body, name);
  return new Problem({
    status: response.status,
    code: text('code') ?? 'unreadable',
    detail: text('detail') ?? `the server answered ${response.status}`,
    rule: text('rule'),
    hint: text('hint'),
    instance: text('instance'),
  });
}

function textAt(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value = (body as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}
