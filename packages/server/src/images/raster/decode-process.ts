/**
 * The process that decodes one picture and writes it anew: what libvips and the libraries below it do with hostile bytes happens in no
 * memory that holds keys. Reads its order and the picture from standard input, answers on standard output.
 */
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { ImageKind } from '../media-type.ts';
import { type RasterAnswer, type RasterOrder, readMessage, writeMessage } from './order.ts';

/** The one loader that an order may use. */
const loaders: Readonly<Record<ImageKind, string>> = {
  png: 'VipsForeignLoadPngBuffer',
  jpeg: 'VipsForeignLoadJpegBuffer',
  webp: 'VipsForeignLoadWebpBuffer',
  gif: 'VipsForeignLoadNsgifBuffer',
  svg: 'VipsForeignLoadSvgBuffer',
};

/** How often a picture is written another way when what looks like a program comes out. */
const maxAttempts = 4;
const programPattern = /<\?php|<\?=|<script/i;

class Broken extends Error {
  readonly rule: Extract<RasterAnswer, { outcome: 'refused' }>['rule'];

  constructor(rule: Broken['rule'], cause?: unknown) {
    super(rule, { cause });
    this.rule = rule;
  }
}

const { line, bytes } = readMessage<RasterOrder>(await buffer(process.stdin));
process.stdout.write(await answer(line, bytes));

async function answer(order: RasterOrder, input: Buffer): Promise<Buffer> {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: [loaders[order.kind]] });
  try {
    const metadata = await readMetadata(order, input);
    return await rewrite(order, input, metadata);
  } catch (cause) {
    const rule = cause instanceof Broken ? cause.rule : 'image-decode';
    return writeMessage({ outcome: 'refused', rule }, new Uint8Array());
  }
}

/** The size that the header claims, before anything is decoded. */
async function readMetadata({ maxPixels, maxFrames }: RasterOrder, input: Buffer): Promise<Metadata> {
  const metadata = await sharp(input, { limitInputPixels: false, animated: true, failOn: 'warning' }).metadata();
  const { width, pages = 1, pageHeight, height } = metadata;
  if (pages > maxFrames) throw new Broken('image-frames');
  if (width * (pageHeight ?? height) * pages > maxPixels) throw new Broken('image-pixels');
  return metadata;
}

/** Decodes all of it and writes it without anything that is no pixel: no comment, no profile, no bytes behind the end. */
async function rewrite(order: RasterOrder, input: Buffer, { pages = 1 }: Metadata): Promise<Buffer> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const picture = open(order, input, pages);
    const { data, info } = await encode(picture, order.target, attempt).toBuffer({ resolveWithObject: true });
    const height = info.pageHeight ?? info.height;
    const line: RasterAnswer = { outcome: 'decoded', width: info.width, height, frames: info.pages ?? 1 };
    if (!programPattern.test(data.toString('latin1'))) return writeMessage(line, data);
  }
  throw new Broken('image-payload');
}

function open({ kind, target, maxPixels, fitInto }: RasterOrder, input: Buffer, pages: number): Sharp {
  const animated = pages > 1 && target !== 'png' && target !== 'jpeg';
  const picture = sharp(input, { limitInputPixels: maxPixels, animated, failOn: 'warning' });
  if (kind === 'jpeg') picture.autoOrient();
  if (fitInto !== undefined) picture.resize({ width: fitInto, height: fitInto, fit: 'inside' });
  return picture;
}

/** Each attempt leaves other bytes of the same picture. */
function encode(picture: Sharp, target: RasterOrder['target'], attempt: number): Sharp {
  if (target === 'png') return picture.png({ compressionLevel: 9 - attempt });
  if (target === 'jpeg') return picture.jpeg({ quality: 90 - attempt, mozjpeg: false });
  if (target === 'webp') return picture.webp({ quality: 90 - attempt });
  return picture.gif({ effort: 7 - attempt });
}
