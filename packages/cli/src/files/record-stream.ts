/** Streams of local files: one file as it is, or the JSON files of a folder, a line each. */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Failure } from '../terminal/failure.ts';

/** The bytes of the file at `path`. Throws Failure when it cannot be read. */
export async function openFileStream(path: string): Promise<ReadableStream<Uint8Array>> {
  const status = await readStatus(path);
  if (!status.isFile()) throw new Failure('refused', `${path} is not a file`);
  return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
}

/** The same; of a folder the JSON files in it, each on a line of its own. */
export async function openRecordStream(path: string): Promise<ReadableStream<Uint8Array>> {
  if (!(await readStatus(path)).isDirectory()) return openFileStream(path);
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
  if (names.length === 0) throw new Failure('refused', `${path} holds no JSON files`);
  return Readable.toWeb(Readable.from(readLines(path, names))) as ReadableStream<Uint8Array>;
}

async function* readLines(folder: string, names: readonly string[]): AsyncGenerator<Buffer> {
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    // Between tokens a line break is white space, and inside strings JSON has none.
    yield Buffer.from(`${text.replaceAll(/[\r\n]/g, ' ')}\n`);
  }
}

async function readStatus(path: string) {
  return stat(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
}
