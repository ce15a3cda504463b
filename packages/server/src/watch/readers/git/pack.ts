/** Packs of git (gitformat-pack(5)), as far as they hold tags and commits: nothing is believed but what hashes to its name. */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';

/** How a repository names its objects. */
export type ObjectFormat = 'sha1' | 'sha256';

/** An object that a reader looks into. */
export interface GitObject {
  readonly type: 'commit' | 'tag';
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Objects in one pack, bytes of one object, and of all: the little that comes can hold a thousand times as much. More are refused. */
const maxObjects = 100_000;
const maxObjectBytes = 32 * 1024 * 1024;
const maxTotalBytes = 256 * 1024 * 1024;
/** Bytes of all commits and tags, which are kept. */
const maxKeptBytes = 48 * 1024 * 1024;
const hashBytes: Readonly<Record<ObjectFormat, number>> = { sha1: 20, sha256: 32 };

/** Of the two kinds of differences, that by offset was not asked for. */
const types: Readonly<Record<number, string>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag', 7: 'difference' };

/** The commits and tags of a pack by their names in hex; `undefined`: it is no sound pack, or one with more than is taken. */
export function readPack(
  pack: Uint8Array<ArrayBuffer>,
  format: ObjectFormat,
): ReadonlyMap<string, GitObject> | undefined {
  const end = pack.length - hashBytes[format];
  if (end < 12) return undefined;
  const view = new DataView(pack.buffer, pack.byteOffset);
  const count = view.getUint32(8);
  const isPack = view.getUint32(0) === 0x5041434b && view.getUint32(4) === 2 && count <= maxObjects;
  const digest = createHash(format).update(pack.subarray(0, end)).digest();
  if (!isPack || !digest.equals(pack.subarray(end))) return undefined;
  return readObjects(pack.subarray(12, end), count, format);
}

function readObjects(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  format: ObjectFormat,
): ReadonlyMap<string, GitObject> | undefined {
  const objects = new Map<string, GitObject>();
  let [at, total, kept] = [0, 0, 0];
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(bytes.subarray(at), format);
    if (!entry) return undefined;
    const { type, data, length } = entry;
    const isKept = type === 'commit' || type === 'tag';
    total += data.length;
    kept += isKept ? data.length : 0;
    if (total > maxTotalBytes || kept > maxKeptBytes) return undefined;
    if (isKept) objects.set(nameObject(format, type, data), { type, data });
    at += length;
  }
  return at === bytes.length ? objects : undefined;
}

function nameObject(format: ObjectFormat, type: string, data: Uint8Array): string {
  return createHash(format).update(`${type} ${data.length}\0`).update(data).digest('hex');
}

interface Entry {
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
  /** Of the entry, in the pack. */
  readonly length: number;
}

function readEntry(bytes: Uint8Array<ArrayBuffer>, format: ObjectFormat): Entry | undefined {
  const [first = 0] = bytes;
  let size = first & 0x0f;
  let at = 1;
  for (let shift = 4; ((bytes[at - 1] ?? 0) & 0x80) !== 0; shift += 7, at += 1) {
    size += ((bytes[at] ?? 0) & 0x7f) * 2 ** shift;
    if (size > maxObjectBytes || at >= bytes.length) return undefined;
  }
  const type = types[(first >> 4) & 7];
  // It names the object that it differs from.
  if (type === 'difference') at += hashBytes[format];
  const inflated = type === undefined ? undefined : inflate(bytes.subarray(at), size);
  return type === undefined || !inflated ? undefined : { type, data: inflated.data, length: at + inflated.taken };
}

/** What `size` bytes were pressed into, and how much of `bytes` that took. */
function inflate(bytes: Uint8Array, size: number): { data: Uint8Array<ArrayBuffer>; taken: number } | undefined {
  try {
    // Node's types do not know what `info` makes of the answer.
    const { buffer, engine } = inflateSync(bytes, { info: true, maxOutputLength: size + 1 }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return buffer.length === size ? { data: new Uint8Array(buffer), taken: engine.bytesWritten } : undefined;
  } catch {
    return undefined;
  }
}
