/** What every way of receiving frames has in common: what it asks for, what it gives, and how it ends. */
import { TrustError } from '../../errors.ts';
import { encodeCanonicalText, type SignableValue } from '../../json/canonical.ts';
import { parseArray, parseObject } from '../../json/fields.ts';
import { parseSignableText } from '../../json/parse.ts';
import { send, type Transport } from '../transport.ts';

/** The ways, in the order in which they are tried. */
export const transportNames = ['event-stream', 'web-socket', 'long-poll'] as const;

/** A way of receiving frames. */
export type TransportName = (typeof transportNames)[number];

/** The part of the Web's `WebSocket` that is needed. */
export type WebSocketClass = new (url: string, protocols: string) => WebSocket;

/** What connections are made with. */
export interface ConnectionParts {
  readonly transport: Transport;
  readonly channels: readonly string[];
  /** From where on frames are wanted; asked anew for each request. */
  readonly cursor: () => string | undefined;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly credentials: RequestCredentials;
  readonly webSocket: WebSocketClass | undefined;
  readonly signal: AbortSignal;
  /** Told of how to send on the connection while that is possible, and then of `undefined`. */
  readonly onSender: (send: ((text: string) => void) | undefined) => void;
}

/** What comes in. `open`: the server has answered. */
export type Message =
  | { readonly kind: 'open' }
  | { readonly kind: 'frame'; readonly text: string }
  | { readonly kind: 'keys'; readonly certificates: readonly string[] };

/** Why a connection ended, and what that means for the next one. */
export class ConnectionEnd extends Error {
  override readonly name = 'ConnectionEnd';
  /** False: trying again is of no use. */
  readonly retry: boolean;
  /** What the server asked to wait, in milliseconds. */
  readonly waitMs: number;

  constructor(message: string, { retry = true, waitMs = 0, cause }: EndOptions = {}) {
    super(message, { cause });
    this.retry = retry;
    this.waitMs = waitMs;
  }
}

interface EndOptions {
  readonly retry?: boolean;
  readonly waitMs?: number;
  /** What a listener threw. */
  readonly cause?: unknown;
}

/** The longest that a server may make a listener wait. */
const maxWaitMs = 300_000;

/** Asks for `path`, with the channels and the cursor. Throws ConnectionEnd for every answer but 200, `fetch_failed` without one. */
export async function request(
  { transport, channels, cursor, headers, credentials, signal }: ConnectionParts,
  path: string,
  { accept, ...query }: { accept: string } & Record<string, string>,
): Promise<Response> {
  const url = `${transport.base}${path}?${encodeQuery({ channels: channels.join(','), since: cursor(), ...query })}`;
  const response = await send(transport, url, { headers: { ...headers(), accept }, credentials, signal });
  if (response.status === 200) return response;
  await response.body?.cancel();
  throw endOf(response, url);
}

/** Names and values as a query; without what is undefined. */
export function encodeQuery(query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  // Neither colon nor comma needs an escape in a query (RFC 3986, 3.4), and people read these.
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%3A', ':');
  return pairs.map(([name, value]) => `${name}=${encode(value)}`).join('&');
}

/** The canonical text of each item: of a frame, what it was signed as. Throws `malformed`. */
export function encodeItems(items: readonly SignableValue[]): readonly string[] {
  return items.map((item) => encodeCanonicalText(parseObject(item, 'an item')));
}

/** The certificates of `{"channel_keys": […]}`. Throws `malformed`. */
export function parseKeys(text: string): readonly string[] {
  return encodeItems(parseArray(parseObject(parseSignableText(text), 'the keys'), 'channel_keys'));
}

function endOf(response: Response, url: string): ConnectionEnd {
  const { status } = response;
  // RFC 9110, 10.2.3: seconds, or a date.
  const after = response.headers.get('retry-after') ?? '';
  const waitMs = /^[0-9]{1,6}$/.test(after) ? Number(after) * 1000 : 0;
  const retry = status === 408 || status === 425 || status === 429 || status >= 500;
  return new ConnectionEnd(`expected status 200 from ${url}, got ${status}`, {
    retry,
    waitMs: Math.min(waitMs, maxWaitMs),
  });
}

/** What `ended` rejects with: what a listener threw, or why no other try will do. `undefined`: another one may. */
export function findFatal(reason: unknown): unknown {
  if (reason instanceof TrustError) return undefined;
  if (!(reason instanceof ConnectionEnd)) return reason;
  if (reason.retry) return undefined;
  return reason.cause ?? new TrustError('fetch_failed', reason.message);
}
