/** Downloads and verifies one file of a release (docs/protocol/client.md, steps 16 to 18). */
import { createSha256, type StreamingHash } from '../bytes/sha256.ts';
import { TrustError } from '../errors.ts';
import type { Manifest } from '../updates/manifest.ts';
import { parseHostRelativeUrl } from '../updates/names.ts';
import { type ByteSource, readChunks } from './chunks.ts';
import type { StepListener } from './steps.ts';
import { refuseResponse, send, type Transport } from './transport.ts';

/** What a manifest says about a file: its main file and each of its artifacts. */
export type ExpectedFile = Manifest['main'];

/** Takes a file that is not verified yet. Nothing may use it before `commit`. */
export interface DownloadSink {
  write(chunk: Uint8Array): Promise<void> | void;
  /** Every byte has been written and verified: make the file visible, at once or not at all. */
  commit(): Promise<void> | void;
  /** Something was wrong: throw away what was written. */
  abort(): Promise<void> | void;
}

/** How a download is made. */
export interface DownloadOptions {
  readonly onProgress?:
    | ((progress: { readonly receivedBytes: number; readonly totalBytes: number }) => void)
    | undefined;
  /** A faster SHA-256, such as the platform's own. */
  readonly createHash?: (() => StreamingHash) | undefined;
  /** Ends the download; absent: one hour. */
  readonly signal?: AbortSignal | undefined;
}

/** How a file is verified, and where it comes from and goes to. */
interface DownloadContext {
  readonly transport: Transport;
  readonly onStep: StepListener;
}

const downloadTimeoutMs = 3_600_000;

/**
 * Streams `file` into `sink` and commits when size and digest are right. On any failure `sink.abort` is called and the
 * reason thrown: `fetch_failed`, `size_mismatch`, `digest_mismatch`, or what the sink threw.
 */
export async function downloadFile(
  context: DownloadContext,
  file: ExpectedFile,
  { sink, ...options }: DownloadOptions & { readonly sink: DownloadSink },
): Promise<void> {
  try {
    const source = await fetchFile(context.transport, file, options.signal);
    await verifyBytes(source, file, { ...options, ...context, write: (chunk) => sink.write(chunk) });
    await sink.commit();
  } catch (error) {
    // What made the download fail matters more than what then kept the sink from tidying up.
    await Promise.resolve()
      .then(() => sink.abort())
      .catch(() => undefined);
    throw error;
  }
  context.onStep({ name: 'file_committed', detail: file.url });
}

/** Verifies a file that is already here. Throws `size_mismatch` and `digest_mismatch`, and what `source` throws. */
export async function verifyFile(
  source: ByteSource,
  file: Pick<ExpectedFile, 'sha256' | 'sizeBytes'>,
  options: Pick<DownloadOptions, 'createHash' | 'onProgress'> = {},
): Promise<void> {
  await verifyBytes(source, file, options);
}

async function fetchFile(
  transport: Transport,
  file: ExpectedFile,
  signal: AbortSignal | undefined,
): Promise<ByteSource> {
  const url = `${transport.base}${parseHostRelativeUrl(file.url)}`;
  // Redirects are followed anywhere: the digest decides, not the host.
  const response = await send(transport, url, { signal: signal ?? AbortSignal.timeout(downloadTimeoutMs) });
  if (response.status !== 200) throw await refuseResponse(response, url);
  return response.body ?? emptySource();
}

interface ByteVerification extends Pick<DownloadOptions, 'createHash' | 'onProgress'> {
  readonly write?: (chunk: Uint8Array) => Promise<void> | void;
  readonly onStep?: StepListener;
}

async function verifyBytes(
  source: ByteSource,
  file: Pick<ExpectedFile, 'sha256' | 'sizeBytes'>,
  { createHash = createSha256, onProgress, write, onStep }: ByteVerification,
): Promise<void> {
  const hash = createHash();
  let receivedBytes = 0;
  for await (const chunk of readChunks(source)) {
    receivedBytes += chunk.length;
    // Before it is written: a mirror that never ends must not fill the disk.
    if (receivedBytes > file.sizeBytes) throw refuseSize(file, 'more');
    hash.update(chunk);
    await write?.(chunk);
    onProgress?.({ receivedBytes, totalBytes: file.sizeBytes });
  }
  if (receivedBytes < file.sizeBytes) throw refuseSize(file, String(receivedBytes));
  onStep?.({ name: 'file_size', detail: `${receivedBytes} bytes` });
  const digest = hash.digestHex();
  if (digest !== file.sha256) throw new TrustError('digest_mismatch', `expected SHA-256 ${file.sha256}, got ${digest}`);
  onStep?.({ name: 'file_digest', detail: `SHA-256 ${digest}` });
}

function refuseSize({ sizeBytes }: Pick<ExpectedFile, 'sizeBytes'>, got: string): TrustError {
  return new TrustError('size_mismatch', `expected ${sizeBytes} bytes, got ${got}`);
}

async function* emptySource(): AsyncGenerator<Uint8Array, void, void> {}
