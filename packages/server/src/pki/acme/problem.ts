/** How ACME says no (RFC 8555, section 6.7): problem documents with its own vocabulary. */
import { TrustError } from '@signpost/protocol/errors';
import { Refusal, type RefusalCode } from '../../errors.ts';

/** What a name is asked for (RFC 8555, 7.1.3; RFC 8738). */
export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

/** The status of each error type (RFC 8555, 6.7; RFC 9773, 7; draft-ietf-acme-profiles). */
const problemStatus = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  alreadyRevoked: 400,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badRevocationReason: 400,
  badSignatureAlgorithm: 400,
  connection: 400,
  dns: 400,
  externalAccountRequired: 403,
  incorrectResponse: 403,
  invalidContact: 400,
  invalidProfile: 400,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  tls: 400,
  unauthorized: 403,
  unsupportedContact: 400,
  unsupportedIdentifier: 400,
  userActionRequired: 403,
} as const;

/** The last part of `urn:ietf:params:acme:error:…`. */
export type ProblemType = keyof typeof problemStatus;

/** What belongs to a problem beside its type and its sentence. */
export interface ProblemDetails {
  /** Another status than that of the type. */
  readonly status?: number;
  readonly identifier?: Identifier;
  readonly subproblems?: readonly AcmeProblem[];
  readonly retryAfterSeconds?: number;
  /** Members that the type has by itself, such as `algorithms` (RFC 8555, 6.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Headers of the answer, such as `Location`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A problem as it stands in JSON. */
export interface ProblemDocument {
  readonly type: string;
  readonly detail: string;
  readonly status?: number;
  readonly identifier?: Identifier;
  readonly subproblems?: readonly ProblemDocument[];
}

/** A refusal in ACME's words. No secret may stand in it. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  readonly type: ProblemType;
  readonly details: ProblemDetails;

  constructor(type: ProblemType, message: string, details: ProblemDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.type = type;
    this.details = details;
  }

  get status(): number {
    return this.details.status ?? problemStatus[this.type];
  }

  /** The document; subproblems have no status of their own (RFC 8555, 6.7.1). */
  describe(): ProblemDocument {
    const { identifier, subproblems = [], members } = this.details;
    const problem = describeProblem(this);
    return {
      ...problem,
      ...members,
      status: this.status,
      ...(identifier && { identifier }),
      ...(subproblems.length > 0 && { subproblems: subproblems.map(describeProblem) }),
    };
  }
}

function describeProblem({ type, message, details }: AcmeProblem): ProblemDocument {
  const { identifier } = details;
  return { type: `urn:ietf:params:acme:error:${type}`, detail: message, ...(identifier && { identifier }) };
}

/** One problem for several identifiers: alone as it is, together as subproblems of the first one's type. */
export function joinProblems(problems: readonly [AcmeProblem, ...AcmeProblem[]]): AcmeProblem {
  const [first] = problems;
  if (problems.length === 1) return first;
  return new AcmeProblem(first.type, `${problems.length} identifiers were refused`, { subproblems: problems });
}

/** What the server's own refusals are in ACME's words. A status that is not the type's own stands beside it. */
const refusals: Readonly<Record<RefusalCode, readonly [ProblemType, number]>> = {
  invalid: ['malformed', 400],
  unauthenticated: ['unauthorized', 401],
  forbidden: ['unauthorized', 403],
  not_found: ['malformed', 404],
  method_not_allowed: ['malformed', 405],
  conflict: ['malformed', 409],
  too_large: ['malformed', 413],
  unsupported_type: ['malformed', 415],
  range_not_satisfiable: ['malformed', 416],
  rate_limited: ['rateLimited', 429],
  upload_refused: ['malformed', 422],
  trust_refused: ['malformed', 422],
  vault_locked: ['serverInternal', 503],
  unavailable: ['serverInternal', 503],
};

/** Seconds until a client asks again when the vault is locked or the database away. */
const pauseSeconds = 30;

/** `error` as ACME's problem, or undefined when it is a fault of ours. */
export function findProblem(error: unknown): AcmeProblem | undefined {
  if (error instanceof AcmeProblem) return error;
  if (error instanceof TrustError) {
    const type = error.code === 'algorithm_unsupported' ? 'badSignatureAlgorithm' : 'malformed';
    const isLarge = error.code === 'too_large';
    return new AcmeProblem(type, error.message, { cause: error, ...(isLarge && { status: 413 }) });
  }
  if (!(error instanceof Refusal)) return undefined;
  const [type, status] = refusals[error.code];
  const retryAfterSeconds = error.retryAfterSeconds ?? (status === 503 ? pauseSeconds : undefined);
  return new AcmeProblem(type, error.message, {
    status,
    cause: error,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
