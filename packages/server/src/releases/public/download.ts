/** Sends files to strangers: straight from disk to socket, counted when they arrived. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Blobs } from '../../storage/blobs.ts';
import { decideFileAnswer, type FileAnswer, type FileRequest } from './file-answer.ts';
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
  { artifact }: StoredFile,
  request: FileRequest,
  { immutable }: { immutable: boolean },
): Outgoing {
  const etag = `"${artifact.sha256}"`;
  const answer = decideFileAnswer(request, { sizeBytes: artifact.size_bytes, etag });
  const shared = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'public, no-cache',
  };
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

/** Writes status, headers and bytes to the socket; `head` writes no bytes. A reader that goes away ends it quietly. */
export async function sendFile(
  { blobs, downloads }: DownloadDependencies,
  file: StoredFile,
  { outgoing, to, head }: { outgoing: Outgoing; to: ServerResponse; head: boolean },
): Promise<void> {
  const { answer, headers } = outgoing;
  to.writeHead(answer.status, headers);
  if (head || answer.status === 304) {
    to.end();
    return;
  }
  const { artifact, release } = file;
  const range = answer.status === 206 ? answer.range : undefined;
  await pipeline(blobs.read(artifact.sha256, range), to).then(
    () => {
      // A download in parts counts once, with its last part.
      if (range === undefined || range.last === artifact.size_bytes - 1) {
        downloads.count({ projectId: release.project_id, version: release.version, platform: artifact.platform });
      }
    },
    () => to.destroy(),
  );
}
