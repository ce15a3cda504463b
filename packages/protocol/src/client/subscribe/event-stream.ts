/** Server-sent events over `fetch` (WHATWG HTML, 9.2): unlike EventSource with headers, limits, and errors that say why. */
import { TrustError } from '../../errors.ts';
import { type ByteSource, readChunks } from '../chunks.ts';

/** The longest event, in UTF-16 units: a few certificates, or a frame of 2 KiB. */
export const maxEventLength = 65_536;

/** One event of a stream. */
export interface StreamEvent {
  /** `message` when the stream names none. */
  readonly type: string;
  readonly data: string;
  /** What the last `id` field said. */
  readonly lastEventId: string;
}

/** What is read of a stream, line by line. */
interface EventInProgress {
  type: string;
  data: string[];
  length: number;
  lastEventId: string;
}

/**
 * The events of `source`; an unfinished one at its end is dropped, as the standard says. `onRetry` is told how many milliseconds
 * the server asks to wait before a new connection. Throws `too_large`, `malformed` for what is not UTF-8, and
 * `fetch_failed` when the stream breaks.
 */
export async function* readEventStream(
  source: ByteSource,
  onRetry: (ms: number) => void = () => undefined,
): AsyncGenerator<StreamEvent, void, void> {
  const event: EventInProgress = { type: '', data: [], length: 0, lastEventId: '' };
  for await (const line of readLines(source)) {
    event.length += line.length;
    if (event.length > maxEventLength) throw refuseLength();
    if (line === '') {
      if (event.data.length > 0) yield finishEvent(event);
      Object.assign(event, { type: '', data: [], length: 0 });
    } else {
      takeField(event, line, onRetry);
    }
  }
}

function finishEvent({ type, data, lastEventId }: EventInProgress): StreamEvent {
  return { type: type === '' ? 'message' : type, data: data.join('\n'), lastEventId };
}

/** 9.2.6: a colon at the start is a comment; one space after the colon is not part of the value. */
function takeField(event: EventInProgress, line: string, onRetry: (ms: number) => void): void {
  const colon = line.indexOf(':');
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (name === 'event') event.type = value;
  else if (name === 'data') event.data.push(value);
  else if (name === 'id' && !value.includes('\0')) event.lastEventId = value;
  else if (name === 'retry' && /^[0-9]{1,9}$/.test(value)) onRetry(Number(value));
}

/** 9.2.5: lines end with CRLF, LF or CR, in whatever pieces they come. */
async function* readLines(source: ByteSource): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let endedWithReturn = false;
  for await (const chunk of readChunks(source)) {
    const text = decode(decoder, chunk);
    if (text === '') continue;
    // The line feed of a CRLF that was cut in two ends no line of its own.
    rest += endedWithReturn && text.startsWith('\n') ? text.slice(1) : text;
    endedWithReturn = text.endsWith('\r');
    const lines = rest.split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    if (rest.length > maxEventLength) throw refuseLength();
    yield* lines;
  }
}

function decode(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new TrustError('malformed', 'expected UTF-8', { cause });
  }
}

function refuseLength(): TrustError {
  return new TrustError('too_large', `expected events of at most ${maxEventLength} characters`);
}
