/** Frames over a WebSocket (RFC 6455): `GET /api/push/ws`, subprotocol `signpost.frames.v1`. */

import { TrustError } from '../../errors.ts';
import { parseArray, parseObject } from '../../json/fields.ts';
import { parseSignableText } from '../../json/parse.ts';
import { ConnectionEnd, type ConnectionParts, encodeItems, encodeQuery, type Message } from './connection.ts';

const subprotocol = 'signpost.frames.v1';

/** The largest message, in UTF-16 units: ten frames. */
const maxMessageLength = 65_536;

/** Messages that wait to be taken; a server that sends faster than we read is cut off. */
const maxWaitingMessages = 4096;

/** What the close codes of the server mean for the next try. */
const ends: Readonly<Record<number, { readonly retry: boolean; readonly waitMs: number }>> = {
  /** The server failed at something of its own, or cannot reach its data for now. */
  1011: { retry: true, waitMs: 5000 },
  /** The server stops, and another one may be there already. */
  3001: { retry: true, waitMs: 0 },
  4400: { retry: false, waitMs: 0 },
  4401: { retry: false, waitMs: 0 },
  4403: { retry: false, waitMs: 0 },
  4408: { retry: true, waitMs: 0 },
  4429: { retry: true, waitMs: 5000 },
};

/** The messages of one connection. Throws ConnectionEnd with the meaning of the close code. */
export async function* openWebSocket(parts: ConnectionParts): AsyncGenerator<Message, void, void> {
  const { transport, channels, cursor, webSocket: WebSocketClass, signal } = parts;
  if (!WebSocketClass) throw new ConnectionEnd('expected a platform with WebSocket');
  const query = encodeQuery({ channels: channels.join(','), since: cursor() });
  const socket = new WebSocketClass(`${transport.base.replace(/^http/, 'ws')}/api/push/ws?${query}`, subprotocol);
  try {
    for await (const text of readMessages(socket, signal)) {
      if (text === undefined) parts.onSender((frame) => socket.send(frame));
      yield* text === undefined ? [opened] : parseMessage(text);
    }
  } finally {
    parts.onSender(undefined);
    socket.close();
  }
}

const opened: Message = { kind: 'open' };

/** An array of frames, or `{"channel_keys": […]}`. */
function parseMessage(text: string): readonly Message[] {
  if (text.length > maxMessageLength) {
    throw new TrustError('too_large', `expected messages of at most ${maxMessageLength} characters`);
  }
  const value = parseSignableText(text);
  if (Array.isArray(value)) return encodeItems(value).map((frame) => ({ kind: 'frame', text: frame }));
  return [{ kind: 'keys', certificates: encodeItems(parseArray(parseObject(value, 'a message'), 'channel_keys')) }];
}

/** The texts of a socket as they come, `undefined` for its opening. */
async function* readMessages(socket: WebSocket, signal: AbortSignal): AsyncGenerator<string | undefined, void, void> {
  const waiting: (string | undefined)[] = [];
  let end: ConnectionEnd | undefined;
  let wake: () => void = () => undefined;
  const put = (text: string | undefined) => {
    if (waiting.length >= maxWaitingMessages) socket.close();
    else waiting.push(text);
    wake();
  };
  socket.addEventListener('open', () => put(undefined));
  socket.addEventListener('message', ({ data }) => put(typeof data === 'string' ? data : ''));
  const finish = (reason: ConnectionEnd) => {
    end ??= reason;
    wake();
  };
  socket.addEventListener('close', ({ code }) =>
    finish(new ConnectionEnd(`the connection was closed with code ${code}`, ends[code])),
  );
  // A server that does not take its leave is not waited for.
  const cut = () => finish(new ConnectionEnd('the connection was cut'));
  if (signal.aborted) cut();
  signal.addEventListener('abort', cut, { once: true });
  for (;;) {
    if (waiting.length > 0) yield waiting.shift();
    else if (end) throw end;
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
