/** The public API, typed from its own description: one call for a question, one for what changes something. */
import type { Operations } from './openapi.d.ts';
import { Problem, readProblem } from './problem.ts';

/** A route as the API names it: `GET /api/projects/{slug}`. */
type Operation = keyof Operations;
type Question = Extract<Operation, `GET ${string}`>;
type Change = Exclude<Operation, Question>;

/** What a route answers. */
export type Answer<O extends Operation> = Operations[O]['answer'];

type Part<O extends Operation, Name extends string> = Operations[O] extends Record<Name, infer Value> ? Value : never;
/** The body that a route takes. */
export type Body<O extends Operation> = Part<O, 'body'>;

/** A member that must be given unless everything in it may be left out. */
type Member<Name extends string, Value> = [Value] extends [never]
  ? unknown
  : Partial<Value> extends Value
    ? { readonly [N in Name]?: Value }
    : { readonly [N in Name]: Value };

/** A change whose body is not described takes bytes, if its text says so. */
type Carried<O extends Operation> = [Part<O, 'body'>] extends [never]
  ? O extends Change
    ? { readonly body?: Blob }
    : unknown
  : Member<'body', Part<O, 'body'>>;

/** What a call of a route takes: `path`, `query` and `body` as far as it has them. */
type Input<O extends Operation> = Member<'path', Part<O, 'path'>> &
  Member<'query', Part<O, 'query'>> &
  Carried<O> & { readonly signal?: AbortSignal };

/** Left out where nothing must be given. */
type Rest<O extends Operation> = Partial<Input<O>> extends Input<O> ? [input?: Input<O>] : [input: Input<O>];

interface Given {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** What the client is made of. */
export interface ClientParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** What stands before `/api`: empty, or `/o/{org}`. */
  readonly base: string;
  /** The token of the session, that goes with whatever changes something. */
  readonly csrfToken: () => string | undefined;
  /** Told of every answer 401: the session has ended. */
  readonly onSignedOut: () => void;
}

/** Calls of the API. They throw `Problem`, or an `AbortError` when their signal asked for it. */
export interface Client {
  /** Asks; changes nothing. */
  ask<O extends Question>(operation: O, ...rest: Rest<O>): Promise<Answer<O>>;
  /** Changes something. Never sent twice: after `offline` look before you ask again. */
  change<O extends Change>(operation: O, ...rest: Rest<O>): Promise<Answer<O>>;
  /** Where a question is answered, for links and downloads. */
  urlOf<O extends Question>(operation: O, ...rest: Rest<O>): string;
}

/** A client over `fetch`. */
export function createClient(parts: ClientParts): Client {
  return {
    ask: (operation, ...[input]) => send(parts, operation, input ?? {}),
    change: (operation, ...[input]) => send(parts, operation, input ?? {}),
    urlOf: (operation, ...[input]) => urlOf(parts.base, operation, input ?? {}),
  };
}

async function send<O extends Operation>(parts: ClientParts, operation: O, given: Given): Promise<Answer<O>> {
  const [method = 'GET'] = operation.split(' ');
  const response = await parts
    .fetch(urlOf(parts.base, operation, given), {
      method,
      headers: headersFor(method, given.body, parts.csrfToken()),
      credentials: 'same-origin',
      cache: 'no-store',
      ...(given.body === undefined ? {} : { body: encodeBody(given.body) }),
      ...(given.signal ? { signal: given.signal } : {}),
    })
    .catch((cause: unknown) => {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
      throw new Problem({ status: 0, code: 'offline', detail: 'the server did not answer' }, { cause });
    });
  if (response.status === 401) parts.onSignedOut();
  if (!response.ok) throw await readProblem(response);
  return (await readAnswer(response)) as Answer<O>;
}

function urlOf(base: string, operation: Operation, { path = {}, query = {} }: Given): string {
  const template = operation.slice(operation.indexOf(' ') + 1);
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeSegment(String(path[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  return `${base}${filled}${search.size > 0 ? `?${search}` : ''}`;
}

/** Dots alone name another place, however they are encoded (URL Standard, double-dot path segment): such a call would go elsewhere. */
function encodeSegment(text: string): string {
  if (text === '' || text === '.' || text === '..') {
    throw new Problem({ status: 404, code: 'not_found', detail: 'nothing has such a name' });
  }
  return encodeURIComponent(text);
}

function headersFor(method: string, body: unknown, csrfToken: string | undefined): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json, */*;q=0.1',
    ...(body === undefined ? {} : { 'content-type': isBinary(body) ? 'application/octet-stream' : 'application/json' }),
    // Both: a session that was just made is proved by its origin, all others by the token.
    ...(method === 'GET' ? {} : { 'x-signpost-request': '1' }),
    ...(method === 'GET' || csrfToken === undefined ? {} : { 'x-signpost-csrf': csrfToken }),
  };
}

function encodeBody(body: unknown): BodyInit {
  return isBinary(body) ? body : JSON.stringify(body);
}

function isBinary(body: unknown): body is Blob | Uint8Array<ArrayBuffer> {
  return body instanceof Blob || body instanceof Uint8Array;
}

function readAnswer(response: Response): Promise<unknown> {
  if (response.status === 204) return Promise.resolve(undefined);
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return isJson ? response.json() : response.blob();
}
