/** Decodes pictures and writes them anew, each in a process of its own. */
import { fileURLToPath } from 'node:url';
import { runNodeProgram } from '../../node-program.ts';
import { FairTurns, type TurnLimits } from '../../storage/fair-turns.ts';
import { createImageRefusal } from '../rules.ts';
import { type RasterAnswer, type RasterOrder, readMessage, writeMessage } from './order.ts';

/** For one picture, in milliseconds; the largest that is taken needs a second or two. */
const timeLimitMs = 20_000;
/** What a picture may become, in bytes. */
const maxOutputBytes = 64 * 1024 * 1024;
const program = fileURLToPath(new URL('./decode-process.ts', import.meta.url));

/** Each that waits holds a picture of some megabytes, and may take as long as the time limit of one. */
const limits: TurnLimits = {
  ...{ running: 2, waiting: 48, waitingOfOne: 12, what: 'pictures' },
  ...{ rule: 'image-queue-full', retryAfterSeconds: 5 },
};

/** A picture that was decoded and written by ourselves. */
interface Raster {
  readonly bytes: Buffer;
  /** In pixels; of one frame. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Decodes the picture and writes it anew. Throws a Refusal with an `ImageRule`. */
export type DecodeRaster = (order: RasterOrder, picture: Uint8Array) => Promise<Raster>;

const messages: Readonly<Record<Extract<RasterAnswer, { outcome: 'refused' }>['rule'], string>> = {
  'image-decode': 'expected a picture that can be decoded as what its first bytes say',
  'image-pixels': 'expected a picture with fewer pixels',
  'image-frames': 'expected a picture with fewer frames',
  'image-payload': 'the picture holds what looks like a program, however it is written',
};

/** Decodes for whoever hands pictures in. */
export interface RasterDecoding {
  /** What decodes for an organisation: they take turns, however much one of them sends. */
  decodeFor(organisationId: string): DecodeRaster;
}

/** Makes what decodes. One for the process: it bounds the memory that this takes. */
export function createRasterDecoding(): RasterDecoding {
  const turns = new FairTurns(limits);
  return {
    decodeFor: (organisationId) => (order, picture) => turns.run({ organisationId }, () => decode(order, picture)),
  };
}

async function decode(order: RasterOrder, picture: Uint8Array): Promise<Raster> {
  const { line, bytes } = readMessage<RasterAnswer>(await runProcess(writeMessage(order, picture)));
  if (line.outcome === 'refused') throw createImageRefusal(line.rule, messages[line.rule]);
  return { bytes, width: line.width, height: line.height, frames: line.frames };
}

async function runProcess(input: Buffer): Promise<Buffer> {
  try {
    return await runNodeProgram({ path: program, timeLimitMs, maxOutputBytes }, input);
  } catch (error) {
    const { killed, code } = error as { readonly killed?: boolean; readonly code?: unknown };
    const isLate = killed === true && code === null;
    const rule = isLate ? 'image-time-limit' : 'image-decode';
    const expected = isLate ? `decoded within ${timeLimitMs} ms` : 'that can be decoded';
    throw createImageRefusal(rule, `expected a picture ${expected}`, error);
  }
}
