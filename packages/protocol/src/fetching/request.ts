/** Requests to places that nobody trusts (RFC 9110): few redirects, never to a weaker scheme, credentials for one origin only. */
import { readBounded } from '../client/chunks.ts';
import type { Fetch } from '../client/transport.ts';
import { TrustError } from '../errors.ts';

const maxRedirects = 5;
const documentTimeoutMs = 60_000;

/** What is sent along. */
export interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The answer, after redirects. Throws `fetch_failed` without one, and for a redirect from https to anything else. */
export async function requestFollowing(fetch: Fetch, url: string, parts: RequestParts = {}): Promise<Response> {
  let at = new URL(url);
  let headers = parts.headers ?? {};
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await send(fetch, at, { ...parts, headers });
    const target = findRedirect(response, at);
    if (!target) return response;
    await response.body?.cancel();
    if (target.origin !== at.origin) headers = withoutAuthorization(headers);
    at = target;
  }
  throw new TrustError('fetch_failed', `expected at most ${maxRedirects} redirects from ${url}`);
}

/** A small document, at most `maxBytes`; `undefined` for 404. Throws `fetch_failed` and `too_large`. */
export async function fetchDocument(
  fetch: Fetch,
  url: string,
  { maxBytes, ...parts }: RequestParts & { readonly maxBytes: number },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const response = await requestFollowing(fetch, url, { signal: AbortSignal.timeout(documentTimeoutMs), ...parts });
  return readDocument(response, url, maxBytes);
}

/** The body of an answer, at most `maxBytes`; `undefined` for 404. Throws `fetch_failed` for any other status than 200. */
export async function readDocument(
  response: Response,
  url: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (response.status === 200) return response.body ? readBounded(response.body, maxBytes) : new Uint8Array();
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new TrustError('fetch_failed', `expected status 200 from ${url}, got ${response.status}`);
}

async function send(fetch: Fetch, url: URL, { headers, signal }: RequestParts): Promise<Response> {
  try {
    return await fetch(url.href, {
      // The bytes that are stored, so that ranges and sizes mean them.
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      ...(signal && { signal }),
    });
  } catch (cause) {
    throw new TrustError('fetch_failed', `expected an answer from ${url.origin}`, { cause });
  }
}

function findRedirect(response: Response, from: URL): URL | undefined {
  const location = response.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return undefined;
  const target = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  const isSafe = target?.protocol === 'https:' || (target?.protocol === 'http:' && from.protocol === 'http:');
  if (target && isSafe) return target;
  throw new TrustError('fetch_failed', `expected a redirect to https from ${from.origin}`);
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}
