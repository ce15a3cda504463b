/** The body of an answer out of a local file: while one buffer is on its way to the socket, the other is being read. */
import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import type { ByteRange } from '../../storage/blobs.ts';

/** Large enough that the turns between threads cost little, small enough that a thousand downloads fit into memory. */
const pieceBytes = 512 * 1024;

/**
 * Writes `range` of `file` and ends the answer; resolves when all has been handed to the kernel. Reads on only when the
 * reader has taken what came before. Rejects when the reader goes away or the file is shorter; the caller closes `file`.
 */
export async function sendFileBody(file: FileHandle, range: ByteRange, to: ServerResponse): Promise<void> {
  const size = Math.min(pieceBytes, range.last - range.first + 1);
  let [filled, free] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  let position = range.first;
  let piece = await readPiece(file, filled, { ...range, first: position });
  while (piece.length > 0) {
    position += piece.length;
    // Settles the read also when the write has failed: the buffer is not the kernel's any more when the file is closed.
    [piece] = await Promise.all([readPiece(file, free, { ...range, first: position }), writePiece(to, piece)]);
    [filled, free] = [free, filled];
  }
  to.end();
  await finished(to);
}

/** The next bytes, none at the end of the range. */
async function readPiece(file: FileHandle, buffer: Buffer, { first, last }: ByteRange): Promise<Buffer> {
  const wanted = Math.min(buffer.length, last - first + 1);
  if (wanted === 0) return buffer.subarray(0, 0);
  const { bytesRead } = await file.read(buffer, 0, wanted, first);
  if (bytesRead === 0) throw new Error(`expected ${last + 1} bytes in the file, got ${first}`);
  return buffer.subarray(0, bytesRead);
}

/** Resolves when the kernel has the bytes, so that the buffer may be filled again. */
function writePiece(to: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // An answer that waits behind another one never hears of its bytes when the connection ends.
    const leave = () => reject(new Error('expected the reader to stay, got a closed connection'));
    to.once('close', leave);
    to.write(piece, (error) => {
      to.off('close', leave);
      if (error) reject(error);
      else resolve();
    });
  });
}
