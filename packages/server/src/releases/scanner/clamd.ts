/** A client of clamd, ClamAV's daemon (clamd(8), COMMANDS), over its Unix socket or TCP. */
import type { Readable } from 'node:stream';
import { Refusal } from '../../errors.ts';
import { uploadRules } from '../inspection/rules.ts';
import { type Conversation, converse, parseAddress } from './conversation.ts';

/** What scans. */
export interface ScannerVersion {
  readonly engine: string;
  readonly version: string;
  /** When its signatures were made, in Unix milliseconds. Undefined when it does not say. */
  readonly signatureDate: number | undefined;
}

/** What the scanner said of a whole file. */
export type ScanVerdict =
  | { readonly kind: 'clean'; readonly scanner: ScannerVersion }
  | { readonly kind: 'infected'; readonly scanner: ScannerVersion; readonly signature: string };

/** Looks for malware. */
export interface Scanner {
  /** Undefined when the scanner does not answer. */
  probe(): Promise<ScannerVersion | undefined>;
  /**
   * Scans `stream`, which must have `sizeBytes` bytes, and tells how many were sent. Whatever is not a verdict on all of
   * them throws `unavailable` with the rule `scanner-failed`.
   */
  scan(stream: Readable, sizeBytes: number, onProgress: (sentBytes: number) => void): Promise<ScanVerdict>;
}

const probeLimitMs = 5_000;
const scanLimitMs = 120_000;
const scanLimitMsPerMib = 1_000;

/** The longest piece that is sent at once; Node's file streams give 64 KiB. */
const maxPieceBytes = 1024 * 1024;

/**
 * A scanner at `address`, a socket path or `host:port`. Opens nothing yet. `extraMs` is what a scan may take beside a
 * second a MiB. Throws `invalid` for what is no address.
 */
export function openScanner(address: string, { extraMs = scanLimitMs }: { extraMs?: number } = {}): Scanner {
  const place = parseAddress(address);
  const ask = (command: string) =>
    converse(place, probeLimitMs, (conversation) => conversation.say(Buffer.from(`z${command}\0`)));
  const probe = async () => parseVersion((await ask('VERSION')).reply);
  return {
    probe: () => probe().catch(() => undefined),
    scan: async (stream, sizeBytes, onProgress) => {
      const limitMs = extraMs + Math.ceil(sizeBytes / 2 ** 20) * scanLimitMsPerMib;
      try {
        const scanner = await probe();
        const answer = await converse(place, limitMs, (talk) => sendStream(talk, { stream, sizeBytes, onProgress }));
        return parseVerdict(answer, scanner);
      } catch (cause) {
        throw cause instanceof Refusal ? cause : createScannerFailure('the scanner could not be asked', cause);
      } finally {
        stream.destroy();
      }
    },
  };
}

/** A failure of the scanner, which is never a verdict. */
function createScannerFailure(message: string, cause?: unknown): Refusal {
  return new Refusal('unavailable', message, { rule: 'scanner-failed', hint: uploadRules['scanner-failed'], cause });
}

/** INSTREAM: pieces, each after its length in four bytes, then a length of zero. */
async function sendStream(
  conversation: Conversation,
  file: { stream: Readable; sizeBytes: number; onProgress: (sentBytes: number) => void },
): Promise<void> {
  await conversation.say(Buffer.from('zINSTREAM\0'));
  let sent = 0;
  for await (const chunk of file.stream) {
    for (const piece of cutPieces(Buffer.from(chunk))) {
      await conversation.say(measure(piece.length), piece);
      sent += piece.length;
    }
    if (sent > file.sizeBytes) break;
    file.onProgress(sent);
  }
  if (sent !== file.sizeBytes) throw createScannerFailure(`expected to scan ${file.sizeBytes} bytes, got ${sent}`);
  await conversation.say(measure(0));
}

function* cutPieces(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += maxPieceBytes) yield chunk.subarray(at, at + maxPieceBytes);
}

function measure(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** `ClamAV 1.4.3`, or with signatures `ClamAV 1.4.3/27800/Fri Nov 20 09:30:00 2026`. */
export function parseVersion(reply: string): ScannerVersion {
  const match = /^([A-Za-z]+) ([0-9][^/\s]*)(?:\/[0-9]+\/(.+))?$/.exec(reply);
  if (!match?.[1] || !match[2]) throw createScannerFailure('expected a version of the scanner');
  const date = Date.parse(match[3] ?? '');
  return { engine: match[1], version: match[2], signatureDate: Number.isNaN(date) ? undefined : date };
}

/** Only a verdict on all bytes is clean; a find in some of them is a find. */
function parseVerdict(answer: { reply: string; isSaid: boolean }, scanner: ScannerVersion): ScanVerdict {
  const signature = /^stream: (.+) FOUND$/.exec(answer.reply)?.[1];
  // With AlertExceedsMax, clamd reports what it did not look into as a find of this name.
  if (signature?.startsWith('Heuristics.Limits.Exceeded')) {
    throw createScannerFailure('the file is beyond the limits of the scanner');
  }
  if (signature !== undefined) return { kind: 'infected', scanner, signature };
  if (answer.reply === 'stream: OK' && answer.isSaid) return { kind: 'clean', scanner };
  if (/size limit exceeded/i.test(answer.reply)) {
    throw createScannerFailure('the file is larger than the scanner takes: raise its StreamMaxLength');
  }
  throw createScannerFailure('expected a verdict of the scanner');
}
