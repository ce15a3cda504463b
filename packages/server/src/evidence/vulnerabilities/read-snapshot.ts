/** The records of a snapshot: a ZIP of JSON files as OSV publishes it for each ecosystem (`all.zip`), or one JSON record a line. */
import { createReadStream, openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { TrustError } from '@signpost/protocol/errors';
import { BlobReader, configure, type FileEntry, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { maxRecordBytes, type OsvRecord, parseOsvRecord } from './osv.ts';

/** The largest ecosystem has some 250,000 records. */
const maxRecords = 2_000_000;

/** What all records may unpack to. */
const maxUnpackedBytes = 32 * 2 ** 30;

/** Yields what concerns `ecosystem`. Throws `malformed` or `too_large`, naming the file or line. */
export async function* readSnapshot(path: string, ecosystem: string): AsyncGenerator<OsvRecord> {
  const documents = (await isZip(path)) ? readZip(path) : readLines(path);
  let count = 0;
  for await (const { name, bytes } of documents) {
    if (++count > maxRecords) throw new TrustError('too_large', `expected at most ${maxRecords} records`);
    const record = parseNamed(name, bytes, ecosystem);
    if (record) yield record;
  }
}

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function parseNamed(name: string, bytes: Uint8Array, ecosystem: string): OsvRecord | undefined {
  try {
    return parseOsvRecord(bytes, ecosystem);
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError(cause.code, `${JSON.stringify(name.slice(0, 100))}: ${cause.message}`, { cause });
  }
}

async function isZip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString('latin1') === 'PK\x03\x04';
  } finally {
    await file.close();
  }
}

async function* readZip(path: string): AsyncGenerator<NamedBytes> {
  // This is a thread already.
  configure({ useWebWorkers: false });
  const reader = new ZipReader(new BlobReader(await openAsBlob(path)), { checkSignature: true });
  let unpacked = 0;
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (entry.directory || !entry.filename.endsWith('.json')) continue;
      unpacked += entry.uncompressedSize;
      if (entry.uncompressedSize > maxRecordBytes || unpacked > maxUnpackedBytes)
        throw new TrustError('too_large', `expected at most ${maxRecordBytes} bytes in a record`);
      yield { name: entry.filename, bytes: await unpack(entry) };
    }
  } catch (cause) {
    if (cause instanceof TrustError) throw cause;
    throw new TrustError('malformed', 'expected an intact ZIP archive', { cause });
  } finally {
    await reader.close();
  }
}

/** Stops as soon as more comes out than the entry says. */
async function unpack(entry: FileEntry): Promise<Uint8Array> {
  const bytes = await entry.getData(new Uint8ArrayWriter());
  if (bytes.length !== entry.uncompressedSize)
    throw new TrustError('malformed', 'expected entries of the size that they say');
  return bytes;
}

async function* readLines(path: string): AsyncGenerator<NamedBytes> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.length > maxRecordBytes)
      throw new TrustError('too_large', `expected at most ${maxRecordBytes} bytes a line`);
    if (line.trim() !== '') yield { name: `line ${number}`, bytes: Buffer.from(line) };
  }
}
