/** Talks to one server: JSON in and out, problem documents (RFC 9457) become failures with their hint. */
import { Failure } from '../terminal/failure.ts';
import type { JsonValue } from '../terminal/output.ts';
import { asObject, type JsonObject } from './answer.ts';

/** A server as one caller sees it. */
export interface ClientOptions {
  /** With the organisation's prefix and without a trailing slash. */
  readonly base: string;
  /** The headers that prove who asks. Absent: anonymous. */
  readonly credential?: Readonly<Record<string, string>> | undefined;
  /** The credential is a person's session, and no key or certificate. */
  readonly isPerson?: boolean | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** One request. */
export interface RequestOptions {
  /** Sent as JSON. */
  readonly body?: JsonValue | undefined;
  /** Sent as it is. */
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
  /** Sent as it comes. */
  readonly stream?: ReadableStream<Uint8Array> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The largest JSON answer that is read, in bytes. */
const maxAnswerBytes = 32 * 1024 * 1024;

/** A refusal by the server, with its problem document. */
export class ServerRefusal extends Failure {
  readonly status: number;
  readonly problem: JsonObject;

  constructor(status: number, problem: JsonObject) {
    const text = (name: string) => (typeof problem[name] === 'string' ? problem[name] : undefined);
    const rule = text('rule');
    const detail = text('detail') ?? text('title') ?? `the server answered ${status}`;
    super(reasonOf(status, text('code')), rule === undefined ? detail : `${detail} [${rule}]`, {
      hint: text('hint') ?? hintOf(status),
      code: text('code') ?? `http_${status}`,
    });
    this.status = status;
    this.problem = problem;
  }
}

/** The HTTP client. Each method throws ServerRefusal, or Failure `unavailable` when nobody answers. */
export class Client {
  readonly base: string;
  readonly isAuthenticated: boolean;
  readonly isPerson: boolean;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.base = options.base;
    this.isAuthenticated = options.credential !== undefined;
    this.isPerson = options.isPerson === true;
    this.#options = options;
  }

  /** For requests that something else makes: by what, and with which proof of who asks. */
  get access(): Pick<ClientOptions, 'fetch' | 'credential'> {
    return this.#options;
  }

  /** The object that `GET path` answers. */
  async read(path: string): Promise<JsonObject> {
    return this.request('GET', path);
  }

  /** The object that the request answers; empty for 204. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<JsonObject> {
    const response = await this.send(method, path, options);
    if (response.status === 204) return {};
    return asObject(parseJson(await readBounded(response)));
  }

  /** The response, whose body is the caller's to read. */
  async send(
    method: string,
    path: string,
    { body, bytes, stream, headers, signal }: RequestOptions = {},
  ): Promise<Response> {
    const response = await this.#fetch(path, {
      method,
      // A redirect could lead the key elsewhere; the API answers itself.
      redirect: 'error',
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...this.#options.credential,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(bytes === undefined ? {} : { body: bytes }),
      // Fetch sends streams without waiting for the answer in one way only.
      ...(stream === undefined ? {} : { body: stream, duplex: 'half' as const }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok || response.status === 304) return response;
    throw new ServerRefusal(response.status, await readProblem(response));
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#options.fetch(`${this.base}${path}`, init);
    } catch (cause) {
      throw init.signal?.aborted ? interruption(cause) : unreachable(this.base, cause);
    }
  }
}

/** The failure for work that the user broke off. */
export function interruption(cause: unknown): Failure {
  return new Failure('interrupted', 'interrupted', { code: 'interrupted', cause });
}

/** The failure for a server that does not answer. */
function unreachable(base: string, cause: unknown): Failure {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : '';
  return new Failure('unavailable', `${base} cannot be reached${inner ? `: ${inner}` : ''}`, {
    hint: 'check --server, and that `signpost serve` runs there',
    code: 'unreachable',
    cause,
  });
}

/** The bytes of a body, at most `limit`. Throws Failure above that. */
export async function readBounded(response: Response, limit = maxAnswerBytes): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > limit) throw new Failure('refused', `expected an answer of at most ${limit} bytes`);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

async function readProblem(response: Response): Promise<JsonObject> {
  try {
    return asObject(parseJson(await readBounded(response)));
  } catch {
    // A proxy in between answers in HTML; the status says enough.
    return {};
  }
}

function parseJson(bytes: Uint8Array): JsonValue {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as JsonValue;
  } catch (cause) {
    throw new Failure('refused', 'expected JSON from the server', { hint: 'check --server', cause });
  }
}

function reasonOf(status: number, code: string | undefined): 'refused' | 'unavailable' {
  // A locked vault is an answer: it needs somebody to unlock it, not another attempt.
  return code !== 'vault_locked' && (status === 429 || status === 502 || status === 503 || status === 504)
    ? 'unavailable'
    : 'refused';
}

/** What to do when the server did not say: refusals of its own carry a better hint. */
function hintOf(status: number): string {
  return statusHints[status] ?? 'signpost doctor tells whether something is wrong with the server';
}

const statusHints: Readonly<Record<number, string>> = {
  400: '--help shows what is expected; --json what the server answered',
  401: 'signpost login, or SIGNPOST_API_KEY',
  403: 'the role or API key does not allow this: `signpost api-key create --help`',
  404: 'check the name, --server and --org',
  409: 'look at the present state first: `show` or `list`',
  413: 'the operator sets the limits of the server',
  429: 'wait a minute',
};
