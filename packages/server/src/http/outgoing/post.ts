/** Messages of the server to others, each to an address that was looked at. Nobody sends it elsewhere, and no answer is kept. */
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { findAddresses, holdTo, type Reach } from './reach.ts';

/** A message. */
interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends the request; what it throws is then the reason of the signal. */
  readonly signal: AbortSignal;
}

/** What whoever got it said. */
interface Receipt {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Posts a message to `url`, following no redirect. Throws TrustError `fetch_failed` for an address out of reach, and what the network throws. */
export type Post = (url: string, message: Message) => Promise<Receipt>;

/** What is read of an answer, in bytes, so that whoever sends a short one sees it taken; the rest is cut off. */
const maxAnswerBytes = 16_384;

/** Makes what sends messages. Nothing is sent before it is called. */
export function createPost(reach: Reach): Post {
  return async (url, message) => {
    const response = await send(reach, new URL(url), message);
    await passOver(response);
    return { status: response.statusCode ?? 0, headers: response.headers };
  };
}

async function send(reach: Reach, url: URL, { headers, body, signal }: Message): Promise<IncomingMessage> {
  const addresses = await Promise.race([findAddresses(reach, url), rejectWhenAborted(signal)]);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const options = {
      ...{ method: 'POST', agent: false as const, signal, lookup: holdTo(addresses) },
      headers: { ...headers, 'content-length': body.length, connection: 'close', 'user-agent': 'signpost' },
    };
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(new Error(`expected an answer from ${url.host}, got an upgrade`));
    });
    sent.end(body);
  });
}

/** Resolving a name knows no signal. */
async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** The status has come, and counts whatever becomes of the rest. */
async function passOver(response: IncomingMessage): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxAnswerBytes) break;
    }
  } catch {
    // Broken off behind the status.
  }
  response.destroy();
}
