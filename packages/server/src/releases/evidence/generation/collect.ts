/** Takes the files that name packages out of an upload, which has been judged before: nothing is unpacked to disk. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { isPackageFile, maxPackageFileBytes } from '../../../evidence/sboms/generation/package-files.ts';
import { UnpackBudget, type UnpackLimits } from '../../inspection/budget.ts';
import type { ByteSource } from '../../inspection/byte-source.ts';
import { type Extent, inflateSmall, readChunks } from '../../inspection/inflate.ts';
import { detectType } from '../../inspection/media-type.ts';
import { gunzipSingle } from '../../inspection/tar/gzip.ts';
import { TarWalk } from '../../inspection/tar/walk.ts';
import { readCentralDirectory, type ZipEntry } from '../../inspection/zip/central-directory.ts';
import { readEndRecord } from '../../inspection/zip/end-record.ts';
import { layOut } from '../../inspection/zip/judge-zip.ts';
import { findControlArchive } from './debian-archive.ts';

/** A file inside an upload. */
export interface CollectedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What all files that are kept may have together. */
const maxKeptBytes = 128 * 2 ** 20;

/** The files that may name packages, in the order of the archive; none for what is no archive. */
export async function collectPackageFiles(source: ByteSource, limits: UnpackLimits): Promise<readonly CollectedFile[]> {
  const { archive, mediaType } = detectType(source);
  if (mediaType === 'application/vnd.debian.binary-package') return collectControl(source, limits);
  switch (archive) {
    case 'zip':
      return collectZip(source, limits);
    case 'tar':
      return collectTar(limits, source.size, async (walk) => {
        for (const chunk of readChunks(source, { offset: 0, length: source.size })) walk.write(chunk);
      });
    case 'gzip':
      return collectTar(limits, source.size, (walk) => gunzipSingle(source, (chunk) => walk.write(chunk)));
    case undefined:
      return [];
  }
}

/** What is kept, and no more of it than there is room for. */
class Collection {
  readonly files: CollectedFile[] = [];
  #bytesLeft = maxKeptBytes;

  /** Whether the file is wanted, and small enough; then its room is taken. */
  wants(path: string, size: number): boolean {
    if (!isPackageFile(path) || size === 0 || size > Math.min(maxPackageFileBytes, this.#bytesLeft)) return false;
    this.#bytesLeft -= size;
    return true;
  }
}

function collectZip(source: ByteSource, limits: UnpackLimits): readonly CollectedFile[] {
  const budget = new UnpackBudget(source.size, limits);
  const end = readEndRecord(source);
  const collection = new Collection();
  for (const [entry, extent] of layOut(source, readCentralDirectory(source, end, budget), end)) {
    if (entry.kind !== 'file' || !collection.wants(entry.name, entry.size)) continue;
    const bytes = unpackEntry(source, entry, extent);
    if (bytes) collection.files.push({ path: entry.name, bytes });
  }
  return collection.files;
}

function unpackEntry(source: ByteSource, entry: ZipEntry, extent: Extent): Uint8Array | undefined {
  const packed = source.read(extent.offset, extent.length);
  return entry.method === 'store' ? packed : inflateSmall(packed, entry.size)?.bytes;
}

async function collectTar(
  limits: UnpackLimits,
  archiveBytes: number,
  feed: (walk: TarWalk) => Promise<void>,
): Promise<readonly CollectedFile[]> {
  const collection = new Collection();
  const walk = new TarWalk(new UnpackBudget(archiveBytes, limits), (path, size) => {
    if (!collection.wants(path, size)) return undefined;
    const bytes = new Uint8Array(size);
    let filled = 0;
    collection.files.push({ path, bytes });
    return (chunk) => {
      bytes.set(chunk, filled);
      filled += chunk.length;
    };
  });
  await feed(walk);
  return collection.files;
}

/** The control file of a Debian package. Archives compressed by xz are left alone: Node cannot open them. */
async function collectControl(source: ByteSource, limits: UnpackLimits): Promise<readonly CollectedFile[]> {
  const found = findControlArchive(source);
  if (!found) return [];
  const packed = source.read(found.extent.offset, found.extent.length);
  const options = { maxOutputLength: maxPackageFileBytes };
  const tar =
    found.compression === 'gzip'
      ? gunzipSync(packed, options)
      : found.compression === 'zstd'
        ? zstdDecompressSync(packed, options)
        : packed;
  const files: CollectedFile[] = [];
  const walk = new TarWalk(new UnpackBudget(tar.length, limits), (path, size) => {
    if (!/^(?:\.\/)?control$/.test(path)) return undefined;
    const pieces: Buffer[] = [];
    return (chunk) => {
      pieces.push(Buffer.from(chunk));
      const bytes = Buffer.concat(pieces);
      if (bytes.length === size) files.push({ path: 'debian-binary-control/control', bytes });
    };
  });
  walk.write(tar);
  return files;
}
