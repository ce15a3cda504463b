/** What a picture is by its first bytes; names and headers of a request say nothing. */
import { createImageRefusal } from './rules.ts';

/** The kinds of picture that are taken. */
export type ImageKind = 'png' | 'jpeg' | 'webp' | 'gif' | 'svg';

/** The media types that pictures are served with. */
export const imageMediaTypes: Readonly<Record<ImageKind, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  svg: 'image/svg+xml',
};

/** Latin-1 text by offset. */
const signatures: Readonly<Record<Exclude<ImageKind, 'svg'>, readonly (readonly [number, string])[]>> = {
  png: [[0, '\x89PNG\r\n\x1a\n']],
  jpeg: [[0, '\xff\xd8\xff']],
  webp: [
    [0, 'RIFF'],
    [8, 'WEBP'],
  ],
  gif: [[0, 'GIF8']],
};

/** White space, a byte order mark, declarations and comments may stand before the root of an SVG. */
const markupPattern = /^(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|svg)/i;

/** Names what `bytes` begin as. Throws a Refusal with the rule `image-empty` or `image-type`. */
export function detectImageKind(bytes: Uint8Array): ImageKind {
  if (bytes.length === 0) throw createImageRefusal('image-empty', 'expected a picture, got an empty file');
  const start = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  for (const kind of ['png', 'jpeg', 'webp', 'gif'] as const) {
    if (signatures[kind].every(([offset, text]) => start.startsWith(text, offset))) return kind;
  }
  if (markupPattern.test(start)) return 'svg';
  throw createImageRefusal('image-type', 'expected a PNG, JPEG, WebP, GIF or SVG, by its first bytes');
}
