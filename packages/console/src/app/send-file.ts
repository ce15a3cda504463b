/** A file on its way to the server: digested here, sent in pieces that go on after a cut, followed through its inspection. */
import type { Answer, Client } from '../api/client.ts';
import { Problem } from '../api/problem.ts';
import { digestFile } from './digest-file.ts';

/** An upload as the server has it. */
export type Upload = Answer<'GET /api/projects/{slug}/uploads/{id}'>;

/** What is sent, and what it becomes part of. */
export interface FileToSend {
  readonly slug: string;
  readonly version: string;
  readonly channel?: string;
  readonly platform?: string;
  /** A `File` of the browser. */
  readonly file: Pick<Blob, 'slice' | 'size'> & { readonly name: string };
}

/** How far it is. `cut`: the connection is gone, and tried again. */
export type Passage =
  | { readonly phase: 'digesting' | 'sending' | 'cut'; readonly bytes: number }
  | { readonly phase: 'inspecting'; readonly stage: Upload['stage']; readonly progress: number };

/** What sending takes. */
export interface Sender {
  readonly client: Pick<Client, 'ask' | 'change'>;
  readonly onPassage: (passage: Passage) => void;
  /** The upload that was begun with exactly this file before, if any. */
  readonly recall: (sha256: string) => string | undefined;
  /** Called when the server has taken the upload on. */
  readonly onBegun: (id: string, sha256: string) => void;
  readonly signal: AbortSignal;
  readonly pause: (ms: number) => Promise<void>;
}

const pieceBytes = 4_194_304;
const [shortestPauseMs, longestPauseMs, pollMs] = [500, 15_000, 250];

/**
 * Sends `wanted` and resolves when the server has accepted or refused it. What interrupts the connection is waited for, however
 * long; throws `Problem` for what the server refuses beforehand, and an `AbortError` when `signal` asked for it.
 */
export async function sendFile(sender: Sender, wanted: FileToSend): Promise<Upload> {
  const { onPassage, signal } = sender;
  // The file is read twice, so that the server can say that what came is what was meant.
  const onDigested = (bytes: number) => onPassage({ phase: 'digesting', bytes });
  const sha256 = await digestFile(wanted.file, { signal, onDigested });
  const begun = await beginUpload(sender, wanted, sha256);
  sender.onBegun(begun.id, sha256);
  return followInspection(sender, wanted.slug, await sendPieces(sender, wanted, begun));
}

async function beginUpload(sender: Sender, wanted: FileToSend, sha256: string): Promise<Upload> {
  const { client, recall, signal } = sender;
  const { slug, version, channel, platform, file } = wanted;
  const before = recall(sha256);
  if (before !== undefined) {
    const upload = await client
      .ask('GET /api/projects/{slug}/uploads/{id}', { path: { slug, id: before }, signal })
      .catch((error: unknown) => {
        if (error instanceof Problem && error.details.code === 'not_found') return undefined;
        throw error;
      });
    if (upload && upload.state !== 'refused') return upload;
  }
  return client.change('POST /api/projects/{slug}/uploads', {
    path: { slug },
    body: {
      ...{ version, name: file.name, size_bytes: file.size, sha256 },
      ...(channel ? { channel } : {}),
      ...(platform ? { platform } : {}),
    },
    signal,
  });
}

async function sendPieces(sender: Sender, { slug, file }: FileToSend, begun: Upload): Promise<Upload> {
  const { client, onPassage, signal } = sender;
  const path = { slug, id: begun.id };
  let upload = begun;
  while (upload.state === 'receiving') {
    signal.throwIfAborted();
    const { offset } = upload;
    onPassage({ phase: 'sending', bytes: offset });
    const body = file.slice(offset, offset + pieceBytes);
    upload = await client
      .change('PUT /api/projects/{slug}/uploads/{id}', { path, query: { offset }, body, signal })
      .catch((error: unknown) => {
        if (!isCut(error) && !(error instanceof Problem && error.details.rule === 'upload-offset')) throw error;
        onPassage({ phase: 'cut', bytes: offset });
        return askUntilAnswered(sender, path);
      });
  }
  return upload;
}

async function followInspection(sender: Sender, slug: string, sent: Upload): Promise<Upload> {
  let upload = sent;
  while (upload.state === 'receiving' || upload.state === 'inspecting') {
    sender.onPassage({ phase: 'inspecting', stage: upload.stage, progress: upload.progress / 1000 });
    await sender.pause(pollMs);
    sender.signal.throwIfAborted();
    upload = await askUntilAnswered(sender, { slug, id: upload.id });
  }
  return upload;
}

/** After a cut nobody but the server knows how much has come. */
async function askUntilAnswered(
  { client, signal, pause }: Sender,
  path: { readonly slug: string; readonly id: string },
): Promise<Upload> {
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    try {
      return await client.ask('GET /api/projects/{slug}/uploads/{id}', { path, signal });
    } catch (error) {
      if (!isCut(error)) throw error;
      await pause(pauseMs);
      signal.throwIfAborted();
    }
  }
}

/** No answer, or one of a server that is on its way down or up. */
function isCut(error: unknown): boolean {
  return error instanceof Problem && (error.details.status === 0 || error.details.status >= 502);
}
