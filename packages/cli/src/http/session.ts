/** A short session with a password, for what API keys must not do: making API keys, changing the password. */
import type { JsonValue } from '../terminal/output.ts';
import { asObject, type JsonObject, textOf } from './answer.ts';
import type { Client } from './client.ts';

/** An open session; `close` ends it on the server. */
export interface Session {
  readonly email: string;
  readonly role: string;
  /** A state-changing request with cookie and CSRF token. */
  request(method: string, path: string, body?: JsonValue): Promise<JsonObject>;
  close(): Promise<void>;
}

/** Logs in. Throws ServerRefusal for wrong words. The cookie stays in memory. */
export async function openSession(client: Client, email: string, password: string): Promise<Session> {
  const response = await client.send('POST', '/api/session', { body: { email, password } });
  const opened = asObject((await response.json()) as JsonValue);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  const headers = { Cookie: cookie, 'X-Signpost-CSRF': textOf(opened, 'csrf_token') };
  return {
    email: textOf(asObject(opened.person), 'email'),
    role: textOf(opened, 'role'),
    request: (method, path, body) => client.request(method, path, { headers, body }),
    close: async () => {
      await client.request('DELETE', '/api/session', { headers });
    },
  };
}
