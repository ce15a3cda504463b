/** Pictures that strangers hand in: recognised by their bytes, decoded, and never served as they came. */
import { Refusal } from '../errors.ts';
import { detectImageKind, type ImageKind, imageMediaTypes } from './media-type.ts';
import type { DecodeRaster } from './raster/decode.ts';
import { createImageRefusal } from './rules.ts';
import { parseDrawing } from './svg/drawing.ts';

/** What a place takes. */
export interface PictureRules {
  readonly kinds: readonly ImageKind[];
  /** Of the file as it came. */
  readonly maxBytes: number;
  /** Width × height × frames. */
  readonly maxPixels: number;
  readonly maxFrames: number;
  /** In pixels, of pictures that are no drawings. */
  readonly minSide: number;
  readonly maxSide: number;
  /** Whether only squares fit. */
  readonly isSquare?: boolean | undefined;
  /** The sizes that fit, width and height in pixels, where only some do. */
  readonly sizes?: readonly (readonly [number, number])[] | undefined;
  /** The sides of the square that the PNG of a drawing fits into, in pixels. */
  readonly rendition: number;
}

/** A picture as it may be served. */
export interface Picture {
  readonly kind: ImageKind;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** In pixels; of a drawing, in user units. */
  readonly width: number;
  readonly height: number;
  /** Of a drawing: the same as PNG, for whoever shows no SVG. */
  readonly rendition?: Buffer | undefined;
}

/** Judges `bytes` and writes the picture anew. Throws a Refusal `upload_refused` with an `ImageRule`. */
export async function readPicture(decode: DecodeRaster, bytes: Uint8Array, rules: PictureRules): Promise<Picture> {
  if (bytes.length > rules.maxBytes) {
    throw createImageRefusal(
      'image-bytes',
      `expected a picture of at most ${rules.maxBytes} bytes, got ${bytes.length}`,
    );
  }
  const kind = detectImageKind(bytes);
  if (!rules.kinds.includes(kind)) {
    throw createImageRefusal('image-type', `expected one of ${rules.kinds.join(', ')}, got ${kind}`);
  }
  const picture =
    kind === 'svg' ? await readDrawing(decode, bytes, rules) : await readRaster(decode, { kind, bytes }, rules);
  assertFits(picture, rules);
  return picture;
}

/** Throws a Refusal `upload_refused`, rule `image-bytes`, for a picture that has become too large where it was written anew. */
export function assertWrittenSize({ length }: Uint8Array, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw new Refusal('upload_refused', `the picture takes ${length} bytes when it is written anew`, {
    rule: 'image-bytes',
    hint: 'send a smaller picture',
  });
}

async function readDrawing(decode: DecodeRaster, bytes: Uint8Array, rules: PictureRules): Promise<Picture> {
  const drawing = parseDrawing(bytes);
  const { maxPixels, rendition: fitInto } = rules;
  const order = { kind: 'svg', target: 'png', maxPixels, maxFrames: 1, fitInto } as const;
  const { bytes: rendition } = await decode(order, drawing.bytes);
  return { kind: 'svg', mediaType: imageMediaTypes.svg, ...drawing, rendition };
}

async function readRaster(
  decode: DecodeRaster,
  { kind, bytes }: { readonly kind: Exclude<ImageKind, 'svg'>; readonly bytes: Uint8Array },
  { maxPixels, maxFrames }: PictureRules,
): Promise<Picture> {
  const decoded = await decode({ kind, target: kind, maxPixels, maxFrames }, bytes);
  const { width, height } = decoded;
  return { kind, mediaType: imageMediaTypes[kind], bytes: decoded.bytes, width, height };
}

function assertFits({ kind, width, height }: Picture, { minSide, maxSide, isSquare, sizes }: PictureRules): void {
  const refuse = (expected: string): never => {
    throw createImageRefusal('image-dimensions', `expected a picture of ${expected}, got ${width} × ${height}`);
  };
  if (isSquare && width !== height) refuse('equal width and height');
  if (kind === 'svg') return;
  if (Math.min(width, height) < minSide || Math.max(width, height) > maxSide) {
    refuse(`${minSide} to ${maxSide} pixels a side`);
  }
  if (sizes && !sizes.some(([fitWidth, fitHeight]) => width === fitWidth && height === fitHeight)) {
    refuse(sizes.map(([fitWidth, fitHeight]) => `${fitWidth} × ${fitHeight}`).join(' or '));
  }
}
