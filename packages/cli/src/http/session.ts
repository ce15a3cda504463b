/** A person's session: opened by a password, kept by `signpost login`, or held for a moment to change that password. */
import type { JsonValue } from '../terminal/output.ts';
import { asObject, type JsonObject, textOf } from './answer.ts';
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

/** Logs in. Throws ServerRefusal for wrong words. */
export async function openSession(client: Client, email: string, password: string): Promise<Session> {
  const response = await client.send('POST', '/api/session', { body: { email, password } });
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
