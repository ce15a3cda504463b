/** What the process that decodes pictures is told, and answers: a line of JSON each, and bytes behind it. */
import type { ImageKind } from '../media-type.ts';

/** What is decoded, and what it becomes. */
export interface RasterOrder {
  readonly kind: ImageKind;
  /** The kind that is written: the same, or the PNG of a drawing. */
  readonly target: Exclude<ImageKind, 'svg'>;
  /** Width × height × frames. */
  readonly maxPixels: number;
  readonly maxFrames: number;
  /** Of the PNG of a drawing, in pixels: it fits into a square of so many. */
  readonly fitInto?: number | undefined;
}

/** What came of it. The picture's bytes follow when it was decoded. */
export type RasterAnswer =
  | { readonly outcome: 'decoded'; readonly width: number; readonly height: number; readonly frames: number }
  | { readonly outcome: 'refused'; readonly rule: 'image-decode' | 'image-pixels' | 'image-frames' | 'image-payload' };

/** What ends the line. */
const lineFeed = 10;

/** Writes a line and what follows it. */
export function writeMessage(line: RasterOrder | RasterAnswer, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), bytes]);
}

/** Takes a message apart. The line is trusted: both ends are this program. */
export function readMessage<Line>(message: Buffer): { readonly line: Line; readonly bytes: Buffer } {
  const end = message.indexOf(lineFeed);
  if (end < 0) throw new Error('expected a line of JSON, got none');
  return { line: JSON.parse(message.toString('utf8', 0, end)) as Line, bytes: message.subarray(end + 1) };
}
