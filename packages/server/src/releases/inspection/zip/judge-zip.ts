/**
 * Whether every program reads the same files from a ZIP archive (APPNOTE 6.3.10). The entries, their descriptors, the
 * directory and the end record must fill the file without a gap or an overlap, and say the same twice.
 */
import { UnpackBudget } from '../budget.ts';
import type { ByteSource } from '../byte-source.ts';
import { PathSet } from '../entry-path.ts';
import type { Extent } from '../inflate.ts';
import type { ArchiveContent, Judgement } from '../judgement.ts';
import { quoteName, refuse } from '../rules.ts';
import { readCentralDirectory, type ZipEntry } from './central-directory.ts';
import { type EndRecord, readEndRecord } from './end-record.ts';
import { checkContent, checkDescriptor, readLocalHeader } from './local-entry.ts';

/** Reads the whole archive and unpacks every entry into nothing. Throws the rule that it breaks. */
export async function judgeZip(source: ByteSource, judgement: Judgement): Promise<ArchiveContent> {
  const budget = new UnpackBudget(source.size, judgement.limits);
  const end = readEndRecord(source);
  const entries = readCentralDirectory(source, end, budget);
  checkPaths(entries);
  const extents = layOut(source, entries, end);
  budget.expect(entries.reduce((sum, entry) => sum + entry.size, 0));
  for (const [entry, extent] of extents) {
    await checkContent(source, entry, { extent, budget });
    judgement.report((extent.offset + extent.length) / source.size);
  }
  return { entries: budget.entries, uncompressedBytes: budget.spentBytes };
}

function checkPaths(entries: readonly ZipEntry[]): void {
  const paths = new PathSet();
  for (const entry of entries) paths.add(entry.name, entry.kind);
}

/** Where the data of each entry lies, in the order of the file, which they fill. Throws the `zip-…` rule that one breaks. */
export function layOut(source: ByteSource, entries: readonly ZipEntry[], end: EndRecord): Map<ZipEntry, Extent> {
  const ordered = entries.toSorted((left, right) => left.offset - right.offset);
  const extents = new Map<ZipEntry, Extent>();
  if (ordered[0]?.offset !== 0) refuse('zip-prepended-data', 'expected the first entry at the start of the file');
  if ((ordered.at(-1)?.offset ?? 0) >= end.directoryOffset)
    refuse('zip-overlap', 'expected all entries before the directory');
  for (const [index, entry] of ordered.entries()) {
    const next = ordered[index + 1]?.offset ?? end.directoryOffset;
    if (next === entry.offset) refuse('zip-overlap', `expected bytes of its own for ${quoteName(entry.name)}`);
    const extent = readLocalHeader(source, entry, Math.min(next, end.directoryOffset));
    const dataEnd = extent.offset + extent.length;
    checkDescriptor(source, entry, { offset: dataEnd, length: next - dataEnd });
    extents.set(entry, extent);
  }
  return extents;
}
