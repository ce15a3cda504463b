/** Frames by asking again and again: `GET /api/push/frames`. It passes every proxy, and catches up. */
import { TrustError } from '../../errors.ts';
import { parseArray, parseObject } from '../../json/fields.ts';
import { parseSignable } from '../../json/parse.ts';
import { readBounded } from '../chunks.ts';
import { type ConnectionParts, encodeItems, type Message, request } from './connection.ts';

/** The largest answer: 1,000 frames, and the keys. */
const maxAnswerBytes = 4_194_304;

/** Two heartbeats: one that waits longer looks stale. */
const waitSeconds = 10;

/** The messages of one answer after the other, without end. */
export async function* openLongPoll(parts: ConnectionParts): AsyncGenerator<Message, void, void> {
  const first = await askForFrames(parts);
  yield { kind: 'open' };
  yield* first.messages;
  for (;;) yield* (await askForFrames(parts, waitSeconds)).messages;
}

/** The messages of one answer that comes at once, and whether there are more to ask for. */
export async function askForFrames(
  parts: ConnectionParts,
  wait = 0,
): Promise<{ readonly messages: readonly Message[]; readonly more: boolean }> {
  const response = await request(parts, '/api/push/frames', { accept: 'application/json', wait: String(wait) });
  if (!response.body) throw new TrustError('fetch_failed', 'expected an answer with a body');
  const bytes = await readBounded(response.body, maxAnswerBytes);
  const answer = parseObject(parseSignable(bytes, maxAnswerBytes), 'the answer');
  const keys = answer.keys === undefined ? [] : encodeItems(parseArray(answer, 'keys'));
  const frames = encodeItems(parseArray(answer, 'frames')).map((text): Message => ({ kind: 'frame', text }));
  return { messages: [{ kind: 'keys', certificates: keys }, ...frames], more: answer.more === true };
}
