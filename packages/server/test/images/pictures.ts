/** Pictures for tests, made when they are asked for. */
import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** A picture of one colour. */
export async function makeRaster(kind: 'png' | 'jpeg' | 'webp' | 'gif', width = 64, height = width): Promise<Buffer> {
  const picture = sharp({ create: { width, height, channels: 3, background: '#3366cc' } });
  return picture.toFormat(kind).toBuffer();
}

/** A PNG with a chunk put before its end: what people hide programs in. */
export function addPngChunk(png: Buffer, type: string, content: string): Buffer {
  const body = Buffer.from(`${type}${content}`, 'latin1');
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return Buffer.concat([png.subarray(0, -12), chunk, png.subarray(-12)]);
}

/** A PNG whose header claims other sides than it has. */
export function claimSides(png: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(png);
  copy.writeUInt32BE(width, 16);
  copy.writeUInt32BE(height, 20);
  copy.writeUInt32BE(crc32(copy.subarray(12, 29)), 29);
  return copy;
}

/** A drawing around `content`. */
export function makeSvg(content: string, attributes = 'viewBox="0 0 64 64"'): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${content}</svg>`);
}
