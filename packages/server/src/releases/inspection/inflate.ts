/** Raw deflate (RFC 1951), unpacked with a hard bound on what comes out, in constant memory. */
import { Readable } from 'node:stream';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import { refuse } from './rules.ts';

/** A part of a file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

const chunkBytes = 256 * 1024;

/** What came out at once. */
export interface Inflated {
  readonly bytes: Buffer;
  /** The length of the compressed stream; what follows it in the input was not read. */
  readonly consumed: number;
}

/** Unpacks `input` in memory. Undefined when more than `maxBytes` would come out. Throws `archive-corrupt`. */
export function inflateSmall(input: Buffer, maxBytes: number): Inflated | undefined {
  // A bound of 0 would mean none to zlib; the callers compare what comes out with what they expect anyway.
  const maxOutputLength = Math.max(maxBytes, 1);
  const chunkSize = Math.min(Math.max(maxBytes, 64), chunkBytes);
  try {
    const result: unknown = inflateRawSync(input, { info: true, maxOutputLength, chunkSize });
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
    return { bytes: buffer, consumed: engine.bytesWritten };
  } catch (cause) {
    if (isCoded(cause) && cause.code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    return refuseCorrupt(cause);
  }
}

/**
 * Unpacks the stream that starts at the beginning of `extent` and hands its bytes to `take`, which may throw to stop and
 * is told how much has been consumed. Resolves to the length of the compressed stream. Throws `archive-corrupt`.
 */
export async function inflateStream(
  source: ByteSource,
  extent: Extent,
  take: (chunk: Buffer, consumed: number) => void,
): Promise<number> {
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  const input = Readable.from(readChunks(source, extent), { objectMode: false });
  input.on('error', (error) => inflate.destroy(error));
  input.pipe(inflate);
  try {
    for await (const chunk of inflate) take(chunk, inflate.bytesWritten);
    return inflate.bytesWritten;
  } catch (cause) {
    return refuseCorrupt(cause);
  } finally {
    input.destroy();
    inflate.destroy();
  }
}

/** The bytes of `extent` in order. */
export function* readChunks(source: ByteSource, extent: Extent): Generator<Buffer> {
  const end = extent.offset + extent.length;
  for (let offset = extent.offset; offset < end; offset += chunkBytes) {
    yield source.read(offset, Math.min(chunkBytes, end - offset));
  }
}

function refuseCorrupt(cause: unknown): never {
  if (isCoded(cause) && cause.code.startsWith('Z_'))
    refuse('archive-corrupt', 'expected intact compressed data', cause);
  throw cause;
}

function isCoded(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
