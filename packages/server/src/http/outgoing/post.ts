/** Messages of the server to others, each to an address that was looked at. Nobody sends it elsewhere, and no answer is kept. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Reach } from './reach.ts';
import { sendRequest } from './send.ts';

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
  return async (url, { body, headers, signal }) => {
    const sized = { ...headers, 'content-length': body.length };
    const response = await sendRequest(reach, new URL(url), { method: 'POST', headers: sized, body, signal });
    await passOver(response);
    return { status: response.statusCode ?? 0, headers: response.headers };
  };
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
