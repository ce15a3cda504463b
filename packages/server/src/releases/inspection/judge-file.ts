/** Judges a file: what it is, whether its name says so, whether the project takes it, and what it unpacks to. */
import type { InspectionLimits } from './budget.ts';
import type { ByteSource } from './byte-source.ts';
import type { ArchiveContent, Judgement } from './judgement.ts';
import { type AcceptedType, checkType, detectType, isTarGzName } from './media-type.ts';
import { judgeTar, judgeTarGz } from './tar/judge-tar.ts';
import { judgeZip } from './zip/judge-zip.ts';

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
  const judgement = { limits: request.limits, report };
  switch (type.archive) {
    case 'zip':
      return { mediaType: type.mediaType, ...(await judgeZip(source, judgement)) };
    case 'tar':
      return { mediaType: type.mediaType, ...(await judgeTar(source, judgement)) };
    case 'gzip':
      if (isTarGzName(request.name)) return { mediaType: type.mediaType, ...(await judgeTarGz(source, judgement)) };
      break;
  }
  return { mediaType: type.mediaType, entries: 1, uncompressedBytes: source.size };
}
