/** What the server reads at others, within bounds. */
import type { IncomingMessage } from 'node:http';
import { TrustError } from '@signpost/protocol/errors';
import type { Reach } from './reach.ts';
import { sendRequest } from './send.ts';

/** How far a request may go. */
interface FetchBounds {
  /** The longest body that is taken. */
  readonly limitBytes: number;
  /** Ends the request; what it throws is then the reason of the signal. */
  readonly signal?: AbortSignal;
}

/**
 * The body at `url`, or `undefined` when there is nothing (404, and 403 as buckets say it). Follows at most three redirects, within
 * the origin. Throws TrustError: `fetch_failed`, and `too_large` without reading on.
 */
export type Fetch = (url: string, bounds: FetchBounds) => Promise<Uint8Array<ArrayBuffer> | undefined>;

const timeoutMs = 30_000;
const maxRedirects = 3;
// What is hashed is what was published: no coding in between.
const headers = { accept: '*/*', 'accept-encoding': 'identity' };

/** Makes what sends requests. Nothing is sent before it is called. */
export function createFetch(reach: Reach): Fetch {
  return async (url, bounds) => {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(bounds.signal ? [bounds.signal] : [])]);
    try {
      return await follow(reach, new URL(url), { ...bounds, signal });
    } catch (cause) {
      bounds.signal?.throwIfAborted();
      if (cause instanceof TrustError) throw cause;
      throw new TrustError('fetch_failed', `expected an answer from ${new URL(url).host}`, { cause });
    }
  };
}

type Bounds = Required<FetchBounds>;

async function follow(reach: Reach, first: URL, bounds: Bounds): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let url = first;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await sendRequest(reach, url, { method: 'GET', headers, signal: bounds.signal });
    const { statusCode: status = 0 } = response;
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      return readAnswer(response, url, bounds.limitBytes);
    }
    response.destroy();
    url = parseRedirect(url, location);
  }
  throw new TrustError('fetch_failed', `expected at most ${maxRedirects} redirects`);
}

/** Whoever may answer for one origin is not to send the server elsewhere. */
function parseRedirect(from: URL, location: string): URL {
  const url = URL.parse(location, from);
  if (url?.origin === from.origin && url.username === '' && url.password === '') return url;
  throw new TrustError('fetch_failed', `expected redirects to stay at ${from.origin}`);
}

async function readAnswer(response: IncomingMessage, url: URL, limitBytes: number) {
  const { statusCode: status } = response;
  if (status !== 200) response.destroy();
  if (status === 404 || status === 403) return undefined;
  if (status !== 200) throw new TrustError('fetch_failed', `expected status 200 from ${url.host}, got ${status}`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > limitBytes) throw new TrustError('too_large', `expected at most ${limitBytes} bytes from ${url.host}`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
