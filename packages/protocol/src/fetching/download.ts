/** Downloads that go on where they broke off (RFC 9110, 14: Range and If-Range), with a bound. Nothing here says what the bytes are worth. */
import { readChunks } from '../client/chunks.ts';
import type { Fetch } from '../client/transport.ts';
import { TrustError } from '../errors.ts';
import type { Artifact } from '../sigstore/artifact.ts';
import { requestFollowing } from './request.ts';

/** Where bytes arrive that nobody may use yet: a file beside the place where it will be. */
export interface Landing {
  /** What is there of an earlier attempt, and the strong validator under which it came. */
  readPart(): Promise<{ readonly bytes: number; readonly etag: string | undefined }>;
  /** Empties it, and remembers the validator of what will come. */
  start(etag: string | undefined): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
  /** All of it, read back. */
  finish(): Promise<LandedFile>;
  discard(): Promise<void>;
}

/** A file that has arrived. */
export interface LandedFile {
  readonly artifact: Artifact;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** One download. */
export interface LandingRequest {
  readonly fetch: Fetch;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly landing: Landing;
  readonly onProgress?:
    | ((progress: { readonly receivedBytes: number; readonly totalBytes: number }) => void)
    | undefined;
  /** Ends the download; absent: one hour, all attempts together. */
  readonly signal?: AbortSignal | undefined;
  /** How long a connection may be silent before it counts as broken; absent: a minute. */
  readonly silenceMs?: number | undefined;
}

const maxAttempts = 4;
/** However slowly bytes come. */
const downloadTimeoutMs = 3_600_000;
const maxSilenceMs = 60_000;

/**
 * Brings everything at the URL into the landing. A broken connection is tried again, from where it broke when the server has a strong
 * ETag. Throws `fetch_failed`, and `too_large` above `maxBytes`, after which nothing is left; what broke off stays for the next time.
 */
export async function downloadInto(request: LandingRequest): Promise<LandedFile> {
  const deadline = startTimer(downloadTimeoutMs);
  try {
    return await downloadWithin(request, request.signal ?? deadline.signal);
  } finally {
    deadline.stop();
  }
}

async function downloadWithin(request: LandingRequest, signal: AbortSignal): Promise<LandedFile> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    // A connection that hangs would use up the hour.
    const silence = startTimer(request.silenceMs ?? maxSilenceMs);
    const watched = { ...request, signal: AbortSignal.any([signal, silence.signal]), heard: silence.restart };
    if (await tryDownload(watched).finally(silence.stop)) return request.landing.finish();
  }
  throw new TrustError('fetch_failed', `expected the whole of ${request.url}, got ${maxAttempts} broken answers`);
}

/** Aborts when the time is over. `AbortSignal.timeout` cannot be stopped, and would stay in memory for the hour. */
function startTimer(limitMs: number) {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), limitMs);
  let timer = start();
  return {
    signal: controller.signal,
    restart: () => {
      clearTimeout(timer);
      timer = start();
    },
    stop: () => clearTimeout(timer),
  };
}

/** One attempt, and whom it tells of each sign of life. */
type Attempt = LandingRequest & { readonly heard: () => void };

/** Whether all of it has come; otherwise the connection broke. */
async function tryDownload(request: Attempt): Promise<boolean> {
  const { fetch, url, landing, signal } = request;
  const { bytes, etag } = await landing.readPart();
  const range = bytes > 0 && etag !== undefined ? { range: `bytes=${bytes}-`, 'if-range': etag } : undefined;
  const response = await requestFollowing(fetch, url, { headers: { ...request.headers, ...range }, signal });
  try {
    const start = range && (await acceptRange(response, { bytes, etag, landing }));
    if (start === undefined) await acceptWhole(response, url, landing);
    return await receive(request, response, start ?? { offset: 0, total: readLength(response) });
  } catch (error) {
    await response.body?.cancel().catch(() => undefined);
    if (error instanceof TrustError && error.code === 'too_large') await landing.discard();
    throw error;
  }
}

interface Extent {
  readonly offset: number;
  readonly total: number | undefined;
}

/** Where the rest begins; `undefined` when the server sends all of it again, since it is another one now. */
async function acceptRange(
  response: Response,
  { bytes, etag, landing }: { readonly bytes: number; readonly etag: string | undefined; readonly landing: Landing },
): Promise<Extent | undefined> {
  if (response.status !== 206) {
    // RFC 9110, 15.5.17: there is no such range any more, so what is here is of no use.
    if (response.status === 416) await refuseRange(landing, 'a range that it has', 'none');
    return undefined;
  }
  const [, from, total] =
    /^bytes ([0-9]{1,15})-[0-9]{1,15}\/([0-9]{1,15})$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (Number(from) !== bytes) await refuseRange(landing, `the rest from byte ${bytes}`, from ?? 'an unclear range');
  const got = response.headers.get('etag');
  if (got !== null && got !== etag) await refuseRange(landing, `the rest of ${etag}`, `that of ${got}`);
  return { offset: bytes, total: Number(total) };
}

async function refuseRange(landing: Landing, expected: string, got: string): Promise<never> {
  await landing.discard();
  throw new TrustError('fetch_failed', `expected ${expected}, got ${got}; the next attempt begins anew`);
}

async function acceptWhole(response: Response, url: string, landing: Landing): Promise<void> {
  if (response.status !== 200) {
    throw new TrustError('fetch_failed', `expected status 200 from ${url}, got ${response.status}`);
  }
  const etag = response.headers.get('etag');
  await landing.start(etag !== null && /^"[\x21\x23-\x7e]{1,200}"$/.test(etag) ? etag : undefined);
}

function readLength(response: Response): number | undefined {
  const length = response.headers.get('content-length');
  return length !== null && /^[0-9]{1,15}$/.test(length) ? Number(length) : undefined;
}

/** What a server says about a length is believed only when it is too much, or when less has come. */
async function receive(
  { landing, maxBytes, onProgress, heard }: Attempt,
  response: Response,
  { offset, total }: Extent,
): Promise<boolean> {
  if ((total ?? 0) > maxBytes) throw refuseSize(maxBytes);
  let received = offset;
  try {
    for await (const chunk of response.body ? readChunks(response.body) : []) {
      heard();
      received += chunk.length;
      if (received > maxBytes) throw refuseSize(maxBytes);
      await landing.append(chunk);
      onProgress?.({ receivedBytes: received, totalBytes: total ?? received });
    }
  } catch (error) {
    if (error instanceof TrustError && error.code === 'fetch_failed') return false;
    throw error;
  }
  return total === undefined || received >= total;
}

function refuseSize(maxBytes: number): TrustError {
  return new TrustError('too_large', `expected at most ${maxBytes} bytes, got more`);
}
