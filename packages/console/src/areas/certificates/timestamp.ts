/** A timestamp asked of an authority of this server and verified here (RFC 3161). Only the digest of a file leaves the browser. */
import { parsePem } from '@signpost/protocol/asn1/pem';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import { createNonce, encodeTimestampRequest, type MessageImprint } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
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

/**
 * Asks for a timestamp of `file` and verifies it under the root that the authority names itself: that proves no more than that the
 * server agrees with itself. Throws TrustError for an answer that does not verify, `Problem`,
 * and Error with what the authority says when it refuses.
 */
export async function stampFile({ fetch, place }: TimestampAsking, file: Blob): Promise<StampedFile> {
  const imprint: MessageImprint = { hash: 'SHA-256', digest: parseHex(await digestFile(file)) };
  const nonce = createNonce();
  const published = await fetch(`${place}/chain.pem`, { credentials: 'omit' });
  if (!published.ok) throw await readProblem(published);
  const chain = parseChain(await published.text());
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
  const { info, path } = await verifyTimestamp(response.token, { imprint, nonce, anchors: chain.slice(-1) });
  return {
    ...{ time: info.time, policy: info.policy, serial: encodeHex(info.serialNumber), bytes },
    accuracyMs: info.accuracyMicros === undefined ? undefined : info.accuracyMicros / 1000,
    authority: formatName(path.certificate.subject),
    root: formatName(path.anchor.subject),
  };
}

function parseChain(pem: string): readonly Certificate[] {
  return parsePem(pem, maxPemCharacters).map(({ bytes }) => parseCertificate(bytes));
}
