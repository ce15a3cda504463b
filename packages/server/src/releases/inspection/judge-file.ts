/** Judges a file: what it is, whether its name says so, whether the project takes it, and what it unpacks to. */
import type { InspectionLimits } from './budget.ts';
import type { ByteSource } from './byte-source.ts';
import type { ArchiveContent, Judgement } from './judgement.ts';
import { type AcceptedType, type ArchiveFormat, checkType, detectType, isTarGzName } from './media-type.ts';

/** What is to be judged, and by which measure. */
export interface InspectionRequest {
  /** The name that clients will see. */
  readonly name: string;
  readonly acceptedTypes: readonly AcceptedType[];
  readonly limits: InspectionLimits;
}

/** A file that keeps all rules. */
export interface Inspection extends ArchiveContent {
  readonly mediaType: string;
}

/** Throws the rule that the file breaks. ZIP, tar and tar.gz archives are unpacked whole, into nothing; others are not opened. */
export async function judgeFile(
  source: ByteSource,
  request: InspectionRequest,
  report: Judgement['report'],
): Promise<Inspection> {
  const { mediaType, opened } = judgeType(source, request);
  const content = await judgeContent(source, { opened, limits: request.limits, report });
  return { mediaType, ...content };
}

/** What the file is, by its first and last bytes, and whether it must be opened. Throws `extension-mismatch` and `type-not-accepted`. */
export function judgeType(
  source: ByteSource,
  { name, acceptedTypes }: Pick<InspectionRequest, 'name' | 'acceptedTypes'>,
): { readonly mediaType: string; readonly opened: ArchiveFormat | undefined } {
  const type = detectType(source);
  checkType(type, name, acceptedTypes);
  const isOneFile = type.archive === 'gzip' && !isTarGzName(name);
  return { mediaType: type.mediaType, opened: isOneFile ? undefined : type.archive };
}

/** The content of a file that is not opened. */
export function describeWhole(source: ByteSource): ArchiveContent {
  return { entries: 1, uncompressedBytes: source.size };
}

/** Loads what unpacks the one format: each file is judged in a new thread, and loading takes it longer than most files. */
async function judgeContent(
  source: ByteSource,
  { opened, ...judgement }: Judgement & { readonly opened: ArchiveFormat | undefined },
): Promise<ArchiveContent> {
  switch (opened) {
    case 'zip': {
      const { judgeZip } = await import('./zip/judge-zip.ts');
      return judgeZip(source, judgement);
    }
    case 'tar': {
      const { judgeTar } = await import('./tar/judge-tar.ts');
      return judgeTar(source, judgement);
    }
    case 'gzip': {
      const { judgeTarGz } = await import('./tar/judge-tar.ts');
      return judgeTarGz(source, judgement);
    }
    case undefined:
      return describeWhole(source);
  }
}
