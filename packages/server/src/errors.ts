/** How the server says no. Planes throw `Refusal`; only `http/` turns it into a status. */

/** Why a request was refused; the code is API (`type` of the problem document ends in it). */
export type RefusalCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_type'
  | 'range_not_satisfiable'
  | 'rate_limited'
  | 'upload_refused'
  | 'trust_refused'
  | 'vault_locked'
  | 'unavailable';

/** A refusal with one sentence for whoever asked. No secret may stand in it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  /** The rule that was broken, kebab-case, where a code covers several. */
  readonly rule: string | undefined;
  /** What to do instead. */
  readonly hint: string | undefined;
  /** Seconds after which asking again may help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: RefusalCode,
    message: string,
    options: { rule?: string; hint?: string; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.rule = options.rule;
    this.hint = options.hint;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
