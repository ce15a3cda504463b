/** Proof that a state change with a session cookie was meant: a token of the session, or evidence of the same origin. */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../errors.ts';

/** Carries the token that logging in returned. */
export const csrfHeader = 'x-signpost-csrf';

/** Any value: a page of another origin cannot send it without asking first, and is never allowed to. */
const requestHeader = 'x-signpost-request';

/** The token of a session: HMAC-SHA-256 of its id under a secret of the vault, in base64url. */
export function createCsrfToken(secret: Uint8Array, sessionId: string): string {
  return createHmac('sha256', keyOf(secret)).update(`csrf:${sessionId}`).digest('base64url');
}

/** Making a key out of a secret takes the platform five times as long as using it. */
const keys = new WeakMap<Uint8Array, KeyObject>();

function keyOf(secret: Uint8Array): KeyObject {
  const key = keys.get(secret) ?? createSecretKey(secret);
  keys.set(secret, key);
  return key;
}

/**
 * Throws `Refusal('forbidden')` unless the request carries the session's token, or the custom header together with
 * headers, set by the browser, that name this server's own origin. A token that is there but wrong is refused at once.
 */
export function assertIntended(request: Request, expectedToken: string): void {
  const token = request.headers.get(csrfHeader);
  if (token === null ? isSameOrigin(request) : isEqual(token, expectedToken)) return;
  throw new Refusal('forbidden', 'expected proof that this request was meant by the one who is logged in', {
    rule: 'csrf',
    hint: 'send the csrf_token of GET /api/session as X-Signpost-CSRF',
  });
}

/**
 * Throws `Refusal('forbidden')` unless the request carries the custom header. Browsers show client certificates to any page that
 * makes them ask; that header no page of another origin can make them send.
 */
export function assertNotLured({ headers }: Request): void {
  if (headers.has(requestHeader)) return;
  throw new Refusal('forbidden', 'expected proof that no web page made this request', {
    rule: 'csrf',
    hint: 'send X-Signpost-Request: 1',
  });
}

function isSameOrigin({ headers, url }: Request): boolean {
  if (!headers.has(requestHeader)) return false;
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  if (site === null && origin === null) return false;
  // The scheme is left to Sec-Fetch-Site and to the cookie's Secure: behind a proxy the server does not see it.
  const isOwnHost = origin === null || URL.parse(origin)?.host === new URL(url).host;
  return (site === null || site === 'same-origin') && isOwnHost;
}

function isEqual(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}
