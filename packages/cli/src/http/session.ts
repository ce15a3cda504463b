/** A person's session: opened by a password, kept by `signpost login`, or held for a moment to change that password. */

import { Failure } from '../terminal/failure.ts';
import type { JsonValue } from '../terminal/output.ts';
import { asObject, type JsonObject, textOf, textsOf } from './answer.ts';
import type { Client } from './client.ts';
import { headersOf } from './credentials.ts';

/** An open session; `close` ends it on the server. */
export interface Session {
  readonly email: string;
  readonly role: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** What proves it, to be kept. */
  readonly proof: { readonly cookie: string; readonly csrfToken: string };
  /** A state-changing request with cookie and CSRF token. */
  request(method: string, path: string, body?: JsonValue): Promise<JsonObject>;
  /** The same; the body of the response is the caller's to read. */
  send(method: string, path: string, body?: JsonValue): Promise<Response>;
  close(): Promise<void>;
}

/** What somebody logs in with. */
export interface LogInWords {
  readonly email: string;
  readonly password: string;
  /** Asked when the server demands a second factor: a code of an authenticator app, or a recovery code. */
  readonly askCode: () => Promise<string>;
}

/** Logs in. Throws ServerRefusal for wrong words. */
export async function openSession(client: Client, words: LogInWords): Promise<Session> {
  const { email, password } = words;
  const first = await client.send('POST', '/api/session', { body: { email, password } });
  const response = first.status === 202 ? await giveSecondFactor(client, first, words) : first;
  const opened = asObject((await response.json()) as JsonValue);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  const proof = { cookie, csrfToken: textOf(opened, 'csrf_token') };
  const headers = headersOf(proof);
  return {
    email: textOf(asObject(opened.person), 'email'),
    role: textOf(opened, 'role'),
    expiresAt: textOf(opened, 'expires_at'),
    proof,
    request: (method, path, body) => client.request(method, path, { headers, body }),
    send: (method, path, body) => client.send(method, path, { headers, body }),
    close: async () => {
      await client.request('DELETE', '/api/session', { headers });
    },
  };
}

async function giveSecondFactor(client: Client, half: Response, { askCode }: LogInWords): Promise<Response> {
  const demanded = asObject((await half.json()) as JsonValue);
  const methods = textsOf(demanded, 'methods');
  if (!methods.includes('totp') && !methods.includes('recovery_code')) {
    throw new Failure('refused', 'the server asks for a passkey, which a browser alone can show', {
      hint: 'log in by the console; for scripts: an API key, SIGNPOST_API_KEY',
    });
  }
  const body = { token: textOf(demanded, 'token'), ...factorOf(await askCode()) };
  return client.send('POST', '/api/session/second-factor', { body });
}

/** A code as the server is told it: six digits are of an app, anything else is a recovery code. */
export function factorOf(code: string): { readonly totp: string } | { readonly recovery_code: string } {
  const plain = code.replaceAll(' ', '');
  return /^\d{6}$/.test(plain) ? { totp: plain } : { recovery_code: code };
}
