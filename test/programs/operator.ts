/** Works with a running server over HTTP, by an API key or a session: what a script of an operator would do. */

/** Calls of one operator. */
export interface Operator {
  readonly base: string;
  /** What authenticates, for calls that are not JSON. */
  readonly headers: Readonly<Record<string, string>>;
  /** The answer's JSON. Throws `CallError` on any status from 400 on. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

/** The JSON of an answer; the API's documentation says which fields. */
// biome-ignore lint/suspicious/noExplicitAny: tests read fields of many shapes, and fail on the one that is missing
export type Answer = any;

/** An answer that says no. */
export class CallError extends Error {
  readonly status: number;
  readonly problem: Answer;

  constructor(call: string, status: number, problem: Answer) {
    super(`${call} answered ${status}: ${problem?.detail ?? JSON.stringify(problem)}`);
    this.status = status;
    this.problem = problem;
  }
}

/** An operator who authenticates with `headers`. */
export function createOperator(base: string, headers: Readonly<Record<string, string>>): Operator {
  return {
    base,
    headers,
    async call(method, path, body) {
      const binary = body instanceof Uint8Array;
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': binary ? 'application/octet-stream' : 'application/json' }),
        },
        ...(body === undefined ? {} : { body: binary ? (body as BodyInit) : JSON.stringify(body) }),
      });
      const text = await response.text();
      const answer = parseAnswer(text);
      if (response.status >= 400) throw new CallError(`${method} ${path}`, response.status, answer);
      return answer;
    },
  };
}

/** Signs a person in. */
export async function signIn(base: string, email: string, password: string): Promise<Operator> {
  const response = await fetch(`${base}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const answer = parseAnswer(await response.text());
  if (response.status >= 400) throw new CallError('POST /api/session', response.status, answer);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  return createOperator(base, { cookie, 'x-signpost-csrf': answer.csrf_token });
}

function parseAnswer(text: string): Answer {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
