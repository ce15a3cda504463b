/** The records of a snapshot: a ZIP of JSON files as OSV publishes it for each ecosystem (`all.zip`), or one JSON record a line. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { crc32, inflateRawSync } from 'node:zlib';
import { TrustError } from '@signpost/protocol/errors';
import { configure, type FileEntry, ZipReader } from '@zip.js/zip.js';
import { FileReader } from './file-reader.ts';
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
  const file = FileReader.open(path);
  const reader = new ZipReader(file);
  let unpacked = 0;
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (entry.directory || !entry.filename.endsWith('.json')) continue;
      unpacked += entry.uncompressedSize;
      if (Math.max(entry.uncompressedSize, entry.compressedSize) > maxRecordBytes || unpacked > maxUnpackedBytes)
        throw new TrustError('too_large', `expected at most ${maxRecordBytes} bytes in a record`);
      yield { name: entry.filename, bytes: await unpack(file, entry) };
    }
  } catch (cause) {
    if (cause instanceof TrustError) throw cause;
    throw new TrustError('malformed', 'expected an intact ZIP archive', { cause });
  } finally {
    await reader.close();
    file.close();
  }
}

/** Many small files: read where they lie, one synchronous call for each. Never more comes out than the entry says. */
async function unpack(file: FileReader, entry: FileEntry): Promise<Uint8Array> {
  const header = Buffer.from(await file.readUint8Array(entry.offset, localHeaderBytes));
  if (header.length < localHeaderBytes || entry.encrypted || ![0, 8].includes(entry.compressionMethod))
    throw refuseEntry(entry);
  // APPNOTE 4.3.7: name and extra field stand before the bytes.
  const start = entry.offset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await file.readUint8Array(start, entry.compressedSize);
  const bytes =
    entry.compressionMethod === 0 ? packed : inflateRawSync(packed, { maxOutputLength: entry.uncompressedSize + 1 });
  if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.signature) throw refuseEntry(entry);
  return bytes;
}

const localHeaderBytes = 30;

function refuseEntry({ filename }: FileEntry): TrustError {
  return new TrustError('malformed', `expected ${JSON.stringify(filename.slice(0, 100))} to be intact`);
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
