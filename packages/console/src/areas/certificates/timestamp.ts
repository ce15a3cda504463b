/** A timestamp of an authority of this server, asked for or kept, and verified here (RFC 3161). Of a file only its digest leaves the browser. */
import { parsePem } from '@signpost/protocol/asn1/pem';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import { createSha256, type StreamingHash } from '@signpost/protocol/bytes/sha256';
import { createSha384, createSha512 } from '@signpost/protocol/bytes/sha512';
import { parseSignedData } from '@signpost/protocol/cms/signed-data';
import { parseTimestampInfo } from '@signpost/protocol/cms/timestamp-info';
import { createNonce, encodeTimestampRequest, type MessageImprint } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { type VerifiedTimestamp, verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import { TrustError } from '@signpost/protocol/errors';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { readProblem } from '../../api/problem.ts';
import { digestFile } from '../../app/digest-file.ts';

/** What was stamped and by whom, verified. */
export interface StampedFile {
  /** Unix ms. */
  readonly time: number;
  readonly accuracyMs: number | undefined;
  readonly policy: string;
  readonly serial: string;
  readonly authority: string;
  readonly root: string;
  /** The answer as it came, for a file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What asking takes: where the authority publishes (`/pki/NAME`, with the organisation before it), and a way there. */
export interface TimestampAsking {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  readonly place: string;
}

const maxPemCharacters = 1_000_000;
const maxResponseBytes = 1_048_576;

/**
 * Asks for a timestamp of `file` and verifies it under the root that the authority names itself: that proves no more than that the
 * server agrees with itself. Throws TrustError for an answer that does not verify, `Problem`,
 * and Error with what the authority says when it refuses.
 */
export async function stampFile({ fetch, place }: TimestampAsking, file: Blob): Promise<StampedFile> {
  const imprint: MessageImprint = { hash: 'SHA-256', digest: parseHex(await digestFile(file)) };
  const nonce = createNonce();
  const chain = await fetchChain({ fetch, place });
  const answer = await fetch(`${place}/tsa`, {
    method: 'POST',
    // Nobody needs to be known to ask.
    credentials: 'omit',
    headers: { 'content-type': 'application/timestamp-query' },
    body: encodeTimestampRequest({ imprint, nonce, policy: undefined, certificatesWanted: true }),
  });
  // 503 comes with an answer of the protocol, as when the clock is not to be trusted.
  if (!answer.ok && answer.status !== 503) throw await readProblem(answer);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const response = parseTimestampResponse(bytes);
  if (response.kind === 'refused') throw new Error(`${response.failures.join(', ')} ${response.text}`.trim());
  return describeStamp(await verifyTimestamp(response.token, { imprint, nonce, anchors: chain.slice(-1) }), bytes);
}

/**
 * Verifies a timestamp of `file` that was kept, under the root that the authority names itself. Throws TrustError, also for what is no
 * timestamp, `Problem`, and Error for a refusal that was kept in its place.
 */
export async function verifyStamp(
  { fetch, place }: TimestampAsking,
  { file, kept }: { readonly file: Blob; readonly kept: Blob },
): Promise<StampedFile> {
  if (kept.size > maxResponseBytes) {
    throw new TrustError('too_large', `expected at most ${maxResponseBytes} bytes, got ${kept.size}`);
  }
  const bytes = new Uint8Array(await kept.arrayBuffer());
  const response = parseTimestampResponse(bytes);
  if (response.kind === 'refused') throw new Error('expected a timestamp, got a refusal');
  // Which digest to compute stands in what is about to be verified: another one would not fit what is signed.
  const { hash } = parseTimestampInfo(parseSignedData(response.token).content ?? new Uint8Array()).imprint;
  const imprint = { hash, digest: parseHex(await digestFile(file, { hash: createHash(hash) })) };
  const chain = await fetchChain({ fetch, place });
  const [anchors, intermediates] = [chain.slice(-1), chain.slice(0, -1)];
  return describeStamp(await verifyTimestamp(response.token, { imprint, anchors, intermediates }), bytes);
}

function describeStamp({ info, path }: VerifiedTimestamp, bytes: Uint8Array<ArrayBuffer>): StampedFile {
  return {
    ...{ time: info.time, policy: info.policy, serial: encodeHex(info.serialNumber), bytes },
    accuracyMs: info.accuracyMicros === undefined ? undefined : info.accuracyMicros / 1000,
    authority: formatName(path.certificate.subject),
    root: formatName(path.anchor.subject),
  };
}

function createHash(name: MessageImprint['hash']): StreamingHash {
  switch (name) {
    case 'SHA-256':
      return createSha256();
    case 'SHA-384':
      return createSha384();
    case 'SHA-512':
      return createSha512();
  }
}

async function fetchChain({ fetch, place }: TimestampAsking): Promise<readonly Certificate[]> {
  const published = await fetch(`${place}/chain.pem`, { credentials: 'omit' });
  if (!published.ok) throw await readProblem(published);
  return parseChain(await published.text());
}

function parseChain(pem: string): readonly Certificate[] {
  return parsePem(pem, maxPemCharacters).map(({ bytes }) => parseCertificate(bytes));
}
