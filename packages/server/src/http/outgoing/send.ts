/** One request to an address that was looked at: what a name resolves to is asked once, and held. */
import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { TrustError } from '@signpost/protocol/errors';
import { findAddresses, holdTo, type Reach } from './reach.ts';

/** What is asked. */
interface OutgoingRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Uint8Array;
  /** PEM: the only authorities that vouch for the server, and the certificate that is shown to it with its key. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string } | undefined;
  /** Ends the request; what it throws is then the reason of the signal. */
  readonly signal: AbortSignal;
}

/**
 * Sends a request on a connection of its own and gives the answer, whose body nobody has read. Throws TrustError `fetch_failed` for an address out of
 * reach and for an upgrade that nobody asked for, and what the network throws.
 */
export async function sendRequest(
  reach: Reach,
  url: URL,
  { method, headers, body, signal, tls }: OutgoingRequest,
): Promise<IncomingMessage> {
  const addresses = await Promise.race([findAddresses(reach, url), rejectWhenAborted(signal)]);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const options = {
      ...{ method, agent: false as const, signal, lookup: holdTo(addresses), ...tls },
      headers: { ...headers, connection: 'close', 'user-agent': 'signpost' },
    };
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(new TrustError('fetch_failed', `expected an answer from ${url.host}, got an upgrade`));
    });
    sent.end(body);
  });
}

/** Resolving a name knows no signal. */
async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
