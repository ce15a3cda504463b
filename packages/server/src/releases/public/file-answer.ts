/** What a request for a file is answered with: validators and ranges (RFC 9110, sections 13 and 14). */
import { Refusal } from '../../errors.ts';
import { isMatch } from '../../http/entity-tag.ts';
import type { ByteRange } from '../../storage/blobs.ts';

/** The request headers that matter. */
export interface FileRequest {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** How a file is answered. */
export type FileAnswer =
  | { readonly status: 304 }
  | { readonly status: 200 }
  | { readonly status: 206; readonly range: ByteRange };

/** Decides for a file of `sizeBytes` with the strong `etag`. Throws `range_not_satisfiable`. */
export function decideFileAnswer(request: FileRequest, file: { sizeBytes: number; etag: string }): FileAnswer {
  if (request.ifNoneMatch !== undefined && isMatch(request.ifNoneMatch, file.etag)) return { status: 304 };
  // RFC 9110, 13.1.5: a range for another representation is answered with the whole.
  if (request.range === undefined || (request.ifRange !== undefined && request.ifRange !== file.etag))
    return { status: 200 };
  const range = parseRange(request.range, file.sizeBytes);
  return range === undefined ? { status: 200 } : { status: 206, range };
}

/** One range of bytes; undefined for units and forms that a server may ignore, several ranges among them. */
function parseRange(header: string, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [first, last] =
    match[1] === ''
      ? [Math.max(0, sizeBytes - Number(match[2])), sizeBytes - 1]
      : [Number(match[1]), endOf(match[2], sizeBytes)];
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < Number(match[1])) return undefined;
  if (first > last || first >= sizeBytes) {
    throw new Refusal('range_not_satisfiable', `expected a range within ${sizeBytes} bytes`);
  }
  return { first, last };
}

function endOf(text: string | undefined, sizeBytes: number): number {
  return text === undefined || text === '' ? sizeBytes - 1 : Math.min(Number(text), sizeBytes - 1);
}
