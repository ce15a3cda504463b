/** Judges a file: what it is, whether its name says so, whether the project takes it, and what it unpacks to. */
import type { InspectionLimits } from './budget.ts';
import type { ByteSource } from './byte-source.ts';
import type { ArchiveContent, Judgement } from './judgement.ts';
import { type AcceptedType, checkType, type DetectedType, detectType, isTarGzName } from './media-type.ts';

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
  const type = detectType(source);
  checkType(type, request.name, request.acceptedTypes);
  const content = await judgeContent(source, { type, name: request.name, limits: request.limits, report });
  return { mediaType: type.mediaType, ...content };
}

/** Loads what unpacks the one format: each file is judged in a new thread, and loading takes it longer than most files. */
async function judgeContent(
  source: ByteSource,
  { type, name, ...judgement }: Judgement & { readonly type: DetectedType; readonly name: string },
): Promise<ArchiveContent> {
  switch (type.archive) {
    case 'zip': {
      const { judgeZip } = await import('./zip/judge-zip.ts');
      return judgeZip(source, judgement);
    }
    case 'tar': {
      const { judgeTar } = await import('./tar/judge-tar.ts');
      return judgeTar(source, judgement);
    }
    case 'gzip': {
      if (!isTarGzName(name)) break;
      const { judgeTarGz } = await import('./tar/judge-tar.ts');
      return judgeTarGz(source, judgement);
    }
  }
  return { entries: 1, uncompressedBytes: source.size };
}
