/** A resumable upload: parts of 8 MiB, each tried again, continued where the server says that it stopped. */
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileFacts } from '../files/local-file.ts';
import { Failure } from '../terminal/failure.ts';
import type { JsonValue } from '../terminal/output.ts';
import type { Progress } from '../terminal/progress.ts';
import { asObject, type JsonObject, numberOf, textOf } from './answer.ts';
import { type Client, interruption, ServerRefusal } from './client.ts';

/** Where files are announced, and where each of them then is. */
export interface UploadPlace {
  readonly announce: string;
  readonly pathOf: (id: string) => string;
}

/** The uploads of a project. */
export function uploadsOf(project: string): UploadPlace {
  const announce = `/api/projects/${encodeURIComponent(project)}/uploads`;
  return { announce, pathOf: (id) => `${announce}/${id}` };
}

/** What is uploaded where. */
export interface UploadRequest {
  readonly place: UploadPlace;
  /** The local file, and what it is. */
  readonly path: string;
  readonly facts: FileFacts;
  /** The members of the request beside size and digest: version, channel, name, platform, changelog. */
  readonly fields: { readonly [name: string]: JsonValue };
}

/** What an upload needs. */
export interface UploadContext {
  readonly client: Client;
  readonly progress: Progress;
  /** The upload to go on with, if one was begun. */
  readonly resumeId?: string | undefined;
  /** Told the id as soon as there is one. */
  readonly onStarted: (id: string) => Promise<void>;
  /** Aborted when the user wants no more of it. */
  readonly signal?: AbortSignal;
  /** How long to wait before trying again, in milliseconds; `attempt` counts from 1. */
  readonly waitMs?: (attempt: number) => number;
  /** How often to ask for the verdict, and how many times before giving up: two hours in all. */
  readonly polling?: { readonly everyMs: number; readonly times: number };
}

/** The size of one part, in bytes. */
export const partBytes: number = 8 * 1024 * 1024;

const maxAttempts = 6;
/** How often the server may send us back before we take it for one that keeps nothing. */
const maxSetbacks = 6;
const defaultPolling = { everyMs: 250, times: 28_800 };

/** Uploads, waits for inspection and scan, and returns the server's last word. Throws Failure when the file is refused. */
export async function uploadFile(context: UploadContext, request: UploadRequest): Promise<JsonObject> {
  const resumed = await findResumable(context, request);
  const upload = resumed ?? (await beginUpload(context, request));
  const id = resumed && context.resumeId !== undefined ? context.resumeId : textOf(upload, 'id');
  await context.onStarted(id);
  const file = await open(request.path);
  try {
    const isReceiving = textOf(upload, 'state') === 'receiving';
    const { sizeBytes } = request.facts;
    if (isReceiving) await sendParts(context, request, { id, file, offset: offsetOf(upload, sizeBytes) });
  } finally {
    await file.close();
  }
  return awaitVerdict(context, request, id);
}

async function beginUpload(
  { client, signal }: UploadContext,
  { place, facts, fields }: UploadRequest,
): Promise<JsonObject> {
  const body = { ...fields, size_bytes: facts.sizeBytes, sha256: facts.sha256 };
  return client.request('POST', place.announce, { body, signal });
}

/** The upload begun before, unless the server has forgotten or refused it. */
async function findResumable(context: UploadContext, { place, facts }: UploadRequest): Promise<JsonObject | undefined> {
  if (context.resumeId === undefined) return undefined;
  try {
    const upload = await context.client.read(place.pathOf(context.resumeId));
    return upload.size_bytes === facts.sizeBytes && upload.state !== 'refused' ? upload : undefined;
  } catch (error) {
    if (error instanceof ServerRefusal && error.status === 404) return undefined;
    throw error;
  }
}

interface Sending {
  readonly id: string;
  readonly file: FileHandle;
  readonly offset: number;
}

async function sendParts(context: UploadContext, request: UploadRequest, sending: Sending): Promise<void> {
  const { sizeBytes } = request.facts;
  let { offset } = sending;
  let setbacks = 0;
  context.progress.update('uploading', offset, sizeBytes);
  while (offset < sizeBytes) {
    const next = await sendPart(context, request, { ...sending, offset });
    if (next <= offset) setbacks += 1;
    if (setbacks > maxSetbacks) throw new Failure('refused', 'the server does not keep what it was sent');
    offset = next;
    context.progress.update('uploading', offset, sizeBytes);
  }
}

/** Sends one part and returns where to go on; asks the server after every failure, since it may have taken some of it. */
async function sendPart(context: UploadContext, { place, facts }: UploadRequest, sending: Sending): Promise<number> {
  const { client, signal, waitMs = defaultWaitMs } = context;
  const path = place.pathOf(sending.id);
  let { offset } = sending;
  for (let attempt = 1; ; attempt++) {
    try {
      const bytes = await readPart(sending.file, offset, facts.sizeBytes);
      const answer = await client.request('PUT', `${path}?offset=${offset}`, {
        bytes,
        headers: { 'Content-Type': 'application/octet-stream' },
        signal,
      });
      return answer.offset === undefined ? offset + bytes.length : offsetOf(answer, facts.sizeBytes);
    } catch (error) {
      const told = offsetToldBy(error, facts.sizeBytes);
      if (told !== undefined && told !== offset && attempt < maxAttempts) {
        offset = told;
        if (offset >= facts.sizeBytes) return offset;
        continue;
      }
      if (!isWorthRetrying(error) || attempt >= maxAttempts) throw error;
      await pause(waitMs(attempt), signal);
      offset = await readOffset(context, path, { fallback: offset, sizeBytes: facts.sizeBytes });
      if (offset >= facts.sizeBytes) return offset;
    }
  }
}

/** A 409 carries the offset at which the server stands. */
function offsetToldBy(error: unknown, sizeBytes: number): number | undefined {
  if (!(error instanceof ServerRefusal) || error.status !== 409) return undefined;
  return error.problem.offset === undefined ? undefined : offsetOf(error.problem, sizeBytes);
}

function offsetOf(answer: JsonObject, sizeBytes: number): number {
  const offset = numberOf(answer, 'offset');
  if (Number.isSafeInteger(offset) && offset >= 0 && offset <= sizeBytes) return offset;
  throw new Failure('refused', `expected the server to stand between 0 and ${sizeBytes} bytes, got ${offset}`);
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof Failure && error.reason === 'unavailable';
}

async function readOffset(
  { client, signal }: UploadContext,
  path: string,
  { fallback, sizeBytes }: { fallback: number; sizeBytes: number },
): Promise<number> {
  try {
    return offsetOf(await client.request('GET', path, { signal }), sizeBytes);
  } catch (error) {
    // Still away: the next attempt asks again.
    if (isWorthRetrying(error)) return fallback;
    throw error;
  }
}

async function readPart(file: FileHandle, offset: number, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const part = new Uint8Array(Math.min(partBytes, sizeBytes - offset));
  let filled = 0;
  while (filled < part.length) {
    const { bytesRead } = await file.read(part, filled, part.length - filled, offset + filled);
    if (bytesRead === 0) throw new Failure('refused', 'the file became shorter while it was uploaded');
    filled += bytesRead;
  }
  return part;
}

function defaultWaitMs(attempt: number): number {
  return Math.min(500 * 2 ** (attempt - 1), 8000);
}

async function awaitVerdict(context: UploadContext, { place }: UploadRequest, id: string): Promise<JsonObject> {
  const { client, signal, polling = defaultPolling } = context;
  for (let asked = 0; asked < polling.times; asked++) {
    const upload = await client.request('GET', place.pathOf(id), { signal });
    const state = textOf(upload, 'state');
    if (state === 'accepted') return upload;
    if (state === 'refused') throw refusalOf(upload);
    const progress = typeof upload.progress === 'number' ? upload.progress : 0;
    context.progress.update(typeof upload.stage === 'string' ? upload.stage : state, progress, 1000, 'steps');
    await pause(polling.everyMs, signal);
  }
  throw new Failure('unavailable', 'the server has not come to a verdict', { hint: 'run the same command later' });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (cause) {
    throw interruption(cause);
  }
}

function refusalOf(upload: JsonObject): Failure {
  const refusal = asObject(upload.refusal);
  const hint = typeof refusal.hint === 'string' ? refusal.hint : undefined;
  return new Failure('refused', `${textOf(refusal, 'message')} [${textOf(refusal, 'rule')}]`, {
    hint,
    code: 'upload_refused',
  });
}
