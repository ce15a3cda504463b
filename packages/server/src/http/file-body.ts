/** Bodies that stand in files. */
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/** What `open` gives, for an answer. Nothing is opened for HEAD, whose answers nobody reads: a stream that is not read keeps its file open for ever. */
export function openBody(c: Context<AppEnv>, open: () => Readable): ReadableStream {
  return c.req.method === 'HEAD' ? noBytes() : (Readable.toWeb(open()) as ReadableStream);
}

function noBytes(): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.close() });
}
