/** The bytes of a request as they come, for routes that take files. */
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/**
 * The raw stream where there is a socket: the Request around it would copy every chunk. Stopping in between leaves the
 * socket open for the answer.
 */
export function readRawBody(c: Context<AppEnv>): AsyncIterable<Uint8Array> {
  const incoming = c.env?.incoming;
  if (incoming instanceof Readable) return incoming.iterator({ destroyOnReturn: false });
  return c.req.raw.body ?? Readable.from([]);
}
