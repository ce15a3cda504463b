/** Frames over server-sent events: `GET /api/push/stream`. */
import { TrustError } from '../../errors.ts';
import { type ConnectionParts, type Message, parseKeys, request } from './connection.ts';
import { readEventStream } from './event-stream.ts';

/** The messages of one stream. `onRetry` is told what the server wishes to be waited before the next. */
export async function* openEventStream(
  parts: ConnectionParts,
  onRetry: (ms: number) => void,
): AsyncGenerator<Message, void, void> {
  const response = await request(parts, '/api/push/stream', { accept: 'text/event-stream' });
  if (!response.body || !/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw new TrustError('fetch_failed', 'expected an event stream');
  }
  yield { kind: 'open' };
  for await (const { type, data } of readEventStream(response.body, onRetry)) {
    if (type === 'message') yield { kind: 'frame', text: data };
    else if (type === 'keys') yield { kind: 'keys', certificates: parseKeys(data) };
  }
}
