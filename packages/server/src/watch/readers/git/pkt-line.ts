/** Lines of git's protocol (gitprotocol-common(5), "pkt-line Format"). */

/** A line, or one of the marks between them. */
export type PktLine =
  | { readonly kind: 'line'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'flush' | 'delimiter' | 'end' };

/** Ends a request, and parts it. */
export const flush = '0000';
export const delimiter = '0001';

const marks = new Map([
  [0, 'flush'],
  [1, 'delimiter'],
  [2, 'end'],
] as const);
const maxLength = 65_520;
/** Each takes a hundred times its least room; a repository with so many tags has more than are read. */
const maxLines = 250_000;

/** One line of ASCII, with a line feed behind it. */
export function encodeLine(text: string): string {
  return `${(text.length + 5).toString(16).padStart(4, '0')}${text}\n`;
}

/** All lines, in views of `bytes`; `undefined`: these are none, or too many. */
export function parsePktLines(bytes: Uint8Array<ArrayBuffer>): readonly PktLine[] | undefined {
  const lines: PktLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (lines.length === maxLines) return undefined;
    const length = readLength(bytes.subarray(at, at + 4));
    const mark = marks.get(length as 0 | 1 | 2);
    if (mark) lines.push({ kind: mark });
    else if (length < 4 || length > maxLength || at + length > bytes.length) return undefined;
    else lines.push({ kind: 'line', bytes: bytes.subarray(at + 4, at + length) });
    at += Math.max(4, length);
  }
  return lines;
}

/** -1 for what is no length. */
function readLength(digits: Uint8Array): number {
  const text = String.fromCharCode(...digits);
  return /^[0-9a-f]{4}$/.test(text) ? Number.parseInt(text, 16) : -1;
}

/** The text of a line without the line feed behind it. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\n$/, '');
}
