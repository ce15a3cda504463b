/** Sends files to strangers: straight from disk to socket, counted when they arrived. */
import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Blobs, ByteRange } from '../../storage/blobs.ts';
import { isPublic } from '../lifecycle/audience.ts';
import { decideFileAnswer, type FileAnswer, type FileRequest } from './file-answer.ts';
import { sendFileBody } from './file-body.ts';
import type { DownloadCounter } from './statistics.ts';
import type { StoredFile } from './store.ts';

/** What sending works with. */
export interface DownloadDependencies {
  readonly blobs: Blobs;
  readonly downloads: DownloadCounter;
}

/** A file on its way out. */
export interface Outgoing {
  readonly answer: FileAnswer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Status and headers for a file. `immutable`: the URL names the version, so the answer never changes. */
export function describeOutgoing(
  { artifact, release }: StoredFile,
  request: FileRequest,
  { immutable }: { immutable: boolean },
): Outgoing {
  const etag = `"${artifact.sha256}"`;
  const answer = decideFileAnswer(request, { sizeBytes: artifact.size_bytes, etag });
  const shared = { ETag: etag, 'Cache-Control': cacheControl(release, immutable) };
  if (answer.status === 304) return { answer, headers: shared };
  const length = answer.status === 206 ? answer.range.last - answer.range.first + 1 : artifact.size_bytes;
  return {
    answer,
    headers: {
      ...shared,
      'Content-Type': artifact.media_type,
      'Content-Length': String(length),
      'Accept-Ranges': 'bytes',
      // File names are checked on the way in: no quote, no backslash, ASCII only.
      'Content-Disposition': `attachment; filename="${artifact.name}"`,
      ...(answer.status === 206
        ? { 'Content-Range': `bytes ${answer.range.first}-${answer.range.last}/${artifact.size_bytes}` }
        : {}),
    },
  };
}

/** What only members see must not stay in a shared cache. */
function cacheControl(release: StoredFile['release'], immutable: boolean): string {
  if (!isPublic(release)) return 'private, no-store';
  return immutable ? 'public, max-age=31536000, immutable' : 'public, no-cache';
}

/** Writes status, headers and bytes to the socket. A reader that goes away ends it quietly. Throws when the blob is missing. */
export async function sendFile(
  { blobs, downloads }: DownloadDependencies,
  { artifact, release }: StoredFile,
  { outgoing: { answer, headers }, to }: { outgoing: Outgoing; to: ServerResponse },
): Promise<void> {
  const range = answer.status === 206 ? answer.range : { first: 0, last: artifact.size_bytes - 1 };
  // Opened first: without the file there must be no status that promises it.
  const send = await openBody(blobs, artifact.sha256, range);
  to.writeHead(answer.status, headers);
  await send(to).then(
    () => {
      // A download in parts counts once, with its last part; a look at a draft is none.
      if (range.last === artifact.size_bytes - 1 && isPublic(release)) {
        downloads.count({ projectId: release.project_id, version: release.version, platform: artifact.platform });
      }
    },
    () => to.destroy(),
  );
}

type SendBody = (to: ServerResponse) => Promise<void>;

/** Opens the blob; what it returns sends and closes it. The stream is for blobs that lie elsewhere. */
async function openBody(blobs: Blobs, sha256: string, range: ByteRange): Promise<SendBody> {
  const path = blobs.locate(sha256);
  if (path === undefined) {
    const bytes = blobs.read(sha256, range);
    return (to) => pipeline(bytes, to);
  }
  const file = await open(path, 'r');
  return (to) => sendFileBody(file, range, to).finally(() => file.close());
}
