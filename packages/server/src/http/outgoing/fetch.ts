/** Requests of the server to others, each to an address that was looked at: what a name resolves to is asked once, and held. */
import { lookup as lookUp } from 'node:dns/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { TrustError } from '@signpost/protocol/errors';
import { type AddressPolicy, isReachable } from './address-policy.ts';

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

/** What requests are sent with. */
export interface FetchParts {
  /** Plain http: is for addresses that are not public, and for `any` alone. */
  readonly addresses: AddressPolicy;
  /** Resolves a host name; the machine's way by itself. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

const timeoutMs = 30_000;
const maxRedirects = 3;

/** Makes what sends requests. Nothing is sent before it is called. */
export function createFetch(parts: FetchParts): Fetch {
  return async (url, bounds) => {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(bounds.signal ? [bounds.signal] : [])]);
    try {
      return await follow(parts, new URL(url), { ...bounds, signal });
    } catch (cause) {
      bounds.signal?.throwIfAborted();
      if (cause instanceof TrustError) throw cause;
      throw new TrustError('fetch_failed', `expected an answer from ${new URL(url).host}`, { cause });
    }
  };
}

type Bounds = Required<FetchBounds>;

async function follow(parts: FetchParts, first: URL, bounds: Bounds): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let url = first;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await send(parts, url, bounds.signal);
    const { statusCode: status = 0, headers } = response;
    if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) {
      return readAnswer(response, url, bounds.limitBytes);
    }
    response.destroy();
    url = parseRedirect(url, headers.location);
  }
  throw new TrustError('fetch_failed', `expected at most ${maxRedirects} redirects`);
}

/** Whoever may answer for one origin is not to send the server elsewhere. */
function parseRedirect(from: URL, location: string): URL {
  const url = URL.parse(location, from);
  if (url?.origin === from.origin && url.username === '' && url.password === '') return url;
  throw new TrustError('fetch_failed', `expected redirects to stay at ${from.origin}`);
}

async function send(parts: FetchParts, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const addresses = await findAddresses(parts, url);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const options = {
      ...{ agent: false as const, signal, lookup: holdTo(addresses) },
      // What is hashed is what was published: no coding in between.
      headers: { accept: '*/*', 'accept-encoding': 'identity', connection: 'close', 'user-agent': 'signpost' },
    };
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(new TrustError('fetch_failed', `expected status 200 from ${url.host}, got 101`));
    });
    sent.end();
  });
}

async function findAddresses({ addresses: policy, resolve = resolveByMachine }: FetchParts, url: URL) {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const all = isIP(host) === 0 ? await resolve(host) : [host];
  const allowed = all.filter((address) => isReachable(address, policy) && mayBePlain(url, address));
  if (allowed.length > 0) return allowed;
  throw new TrustError('fetch_failed', `expected ${url.host} to have an address that this server may connect to`);
}

function mayBePlain({ protocol }: URL, address: string): boolean {
  return protocol === 'https:' || !isReachable(address, 'public');
}

async function resolveByMachine(host: string): Promise<readonly string[]> {
  return (await lookUp(host, { all: true })).map(({ address }) => address);
}

/** A lookup that knows these addresses alone: nobody can change them between the look and the connection. */
function holdTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = all;
    if (options.all) callback(null, all);
    else callback(null, first?.address ?? '', first?.family);
  };
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
