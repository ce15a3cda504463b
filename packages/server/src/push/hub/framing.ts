/** Frames as they go over a connection: events of an event stream (WHATWG HTML, 9.2), or text messages (RFC 6455, 5.2). */

/** How a connection frames. */
export type Framing = 'sse' | 'ws';

/** A frame, and where somebody stands who has read it; without a cursor, where they stood before. */
export interface Piece {
  readonly text: string;
  readonly cursor?: string | undefined;
}

/** Frames in one message of a WebSocket. */
const messageFrames = 10;

/** One buffer for however many listen, to be written as it is. */
export function encodePieces(framing: Framing, pieces: readonly Piece[]): Buffer {
  if (framing === 'sse') return Buffer.from(pieces.map(formatEvent).join(''));
  const messages: Buffer[] = [];
  for (let at = 0; at < pieces.length; at += messageFrames) {
    const texts = pieces.slice(at, at + messageFrames).map(({ text }) => text);
    messages.push(encodeMessage(`[${texts.join(',')}]`));
  }
  return messages.length === 1 && messages[0] ? messages[0] : Buffer.concat(messages);
}

/** The certificates of the keys that frames are signed with. */
export function encodeKeys(framing: Framing, keys: string): Buffer {
  return framing === 'sse' ? Buffer.from(`event: keys\ndata: ${keys}\n\n`) : encodeMessage(keys);
}

/** The certificates as one line of JSON. */
export function formatKeys(certificates: readonly string[]): string {
  return `{"channel_keys":[${certificates.join(',')}]}`;
}

// No line of it holds a line break: frames are canonical JSON.
function formatEvent({ text, cursor }: Piece): string {
  return cursor === undefined ? `data: ${text}\n\n` : `id: ${cursor}\ndata: ${text}\n\n`;
}

/** A text message in one frame, which servers do not mask (RFC 6455, 5.1). */
function encodeMessage(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([encodeHeader(body.length), body]);
}

function encodeHeader(length: number): Buffer {
  const finalText = 0x81;
  if (length < 126) return Buffer.from([finalText, length]);
  if (length < 65_536) {
    const header = Buffer.from([finalText, 126, 0, 0]);
    header.writeUInt16BE(length, 2);
    return header;
  }
  const header = Buffer.alloc(10);
  header.writeUInt8(finalText);
  header.writeUInt8(127, 1);
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
