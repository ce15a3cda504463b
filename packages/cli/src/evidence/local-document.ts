/** Documents that a command is handed as files, read whole and with a bound. */
import { open } from 'node:fs/promises';
import { describeSystemError } from '../files/system-error.ts';
import { Failure } from '../terminal/failure.ts';

/** The bytes of a file. Throws Failure when it cannot be read, or has more than `maxBytes`. */
export async function readLocalDocument(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw tooLarge(path, maxBytes);
      const bytes = Uint8Array.from(await file.readFile());
      if (bytes.length > maxBytes) throw tooLarge(path, maxBytes);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof Failure ? cause : (describeSystemError(cause) ?? cause);
  }
}

function tooLarge(path: string, maxBytes: number): Failure {
  return new Failure('refused', `expected at most ${maxBytes} bytes in ${path}`, { code: 'too_large' });
}
