/** Fetches from one base URL, which nobody trusts: a server, a mirror, a CDN. */
import { TrustError } from '../errors.ts';
import { readBounded } from './chunks.ts';

/** The part of the Web's `fetch` that the client needs. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where to fetch from, and with what. */
export interface Transport {
  /** Without a slash at the end; may hold a path such as `/o/org`. */
  readonly base: string;
  readonly fetch: Fetch;
}

const metadataTimeoutMs = 30_000;
const maxRedirects = 3;

/** A transport for `base`. Throws TypeError unless it is an http or https URL without query, fragment and credentials. */
export function createTransport(base: string, fetch: Fetch): Transport {
  const url = new URL(base);
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  if (!isWeb || url.search || url.hash || url.username || url.password) {
    throw new TypeError('expected base to be an http or https URL without query, fragment and credentials');
  }
  return { base: url.href.replace(/\/+$/, ''), fetch };
}

/**
 * The body at `path`, at most `limitBytes`, or `undefined` when the server says 404. Follows redirects within the origin
 * only. Throws `fetch_failed` and `too_large`.
 */
export async function fetchMetadata(
  transport: Transport,
  path: string,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { response, url } = await fetchAnswer(transport, path, {});
  return readMetadata(response, url, limitBytes);
}

/** What a server says to a question about something that may be known already. */
export type ConditionalAnswer =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'body'; readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string | undefined };

/** The same, with the entity tag of what is known; `unchanged` is said only to who named one. */
export async function fetchIfChanged(
  transport: Transport,
  path: string,
  { limitBytes, etag }: { readonly limitBytes: number; readonly etag: string | undefined },
): Promise<ConditionalAnswer> {
  const { response, url } = await fetchAnswer(transport, path, etag === undefined ? {} : { 'if-none-match': etag });
  if (response.status === 304 && etag !== undefined) {
    await response.body?.cancel();
    return { kind: 'unchanged' };
  }
  const bytes = await readMetadata(response, url, limitBytes);
  return bytes ? { kind: 'body', bytes, etag: response.headers.get('etag') ?? undefined } : { kind: 'missing' };
}

async function fetchAnswer(
  transport: Transport,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ response: Response; url: string }> {
  const signal = AbortSignal.timeout(metadataTimeoutMs);
  let url = `${transport.base}${path}`;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await send(transport, url, {
      redirect: 'manual',
      headers: { accept: 'application/json', ...headers },
      signal,
    });
    const target = findRedirect(response, url);
    if (target === undefined) return { response, url };
    await response.body?.cancel();
    url = target;
  }
  throw new TrustError('fetch_failed', `expected at most ${maxRedirects} redirects`);
}

/** Fetches `url`, without credentials and past every cache. Throws `fetch_failed` when there is no answer. */
export async function send(transport: Transport, url: string, init: RequestInit): Promise<Response> {
  try {
    return await transport.fetch(url, { credentials: 'omit', cache: 'no-store', ...init });
  } catch (cause) {
    throw new TrustError('fetch_failed', `expected an answer from ${url}`, { cause });
  }
}

/** The error for an answer that is not what was asked for; frees the connection. */
export async function refuseResponse(response: Response, url: string): Promise<TrustError> {
  await response.body?.cancel();
  return new TrustError('fetch_failed', `expected status 200 from ${url}, got ${response.status}`);
}

async function readMetadata(response: Response, url: string, limitBytes: number) {
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  if (response.status !== 200) throw await refuseResponse(response, url);
  return response.body ? readBounded(response.body, limitBytes) : new Uint8Array();
}

/** Where `response` points to, when it is a redirect; a browser hides that (status 0), and then it is refused above. */
function findRedirect(response: Response, from: string): string | undefined {
  const location = response.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return undefined;
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target?.origin !== new URL(from).origin) {
    throw new TrustError('fetch_failed', `expected redirects to stay at ${new URL(from).origin}`);
  }
  return target.href;
}
