/** One request of a reader, and what came of it. Whoever keeps budgets of hosts stands between the two (RFC 9110). */
import type { CoveredFile } from '@signpost/protocol/keys/covered-file';
import type { Unanswered } from './reader.ts';

/** What is asked. */
export interface Question {
  readonly url: string;
  /** `GET` unless it is said. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | undefined;
  readonly accept?: string | undefined;
  /** The ETag that is known. */
  readonly ifNoneMatch?: string | undefined;
  /** Sent to the origin of `url` alone, never behind a redirect to another. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of a POST. */
  readonly body?: string | undefined;
  /** Where redirects may lead: within the origin, unless it is said. */
  readonly redirects?: 'same-origin' | 'any-origin' | undefined;
  /** The URL of whose answer named this one, where it is not the caller's own: what is public does not lead to what is not. */
  readonly namedBy?: string | undefined;
  /** The longest body that is taken. */
  readonly maxBytes: number;
  /** The body is hashed and not kept: of files that are too large for that. */
  readonly isHashed?: boolean | undefined;
  /** Of a body that is hashed: what else is hashed with it. */
  readonly covered?: readonly CoveredFile[] | undefined;
  readonly signal: AbortSignal;
}

/** 2xx, 304, 404 or 410. */
export interface Answered {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Of a body that was hashed and not kept. */
  readonly digests?: BodyDigests | undefined;
}

/** The hashes of a body. */
export interface BodyDigests {
  readonly sha256: Uint8Array;
  readonly sha512: Uint8Array;
  /** Those that were asked for, in their order. */
  readonly covered: readonly Uint8Array<ArrayBuffer>[];
}

/** Everything else: 401, 403, 429, 5xx, another status, a time-out, a broken connection, a body that is too long. */
export interface NoAnswer extends Unanswered {
  /** Of the origin that was asked, as is Retry-After; absent when there was none. */
  readonly status?: number | undefined;
  /** WWW-Authenticate of a 401 by the origin that was asked; whoever a redirect leads to cannot ask for credentials. */
  readonly challenge?: string | undefined;
  /** The body was longer than asked for. */
  readonly isTooLong?: boolean | undefined;
}

/** See the file. */
export type Answer = Answered | NoAnswer;

/** Asks. Throws nothing but the reason of the signal, and a TypeError for what is no URL. */
export type Ask = (question: Question) => Promise<Answer>;
