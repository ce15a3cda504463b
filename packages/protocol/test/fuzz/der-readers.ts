/** How things of each kind are read: by Web interfaces alone, so that browsers can be asked, too. */
import { assertDer } from '@signpost/protocol/asn1/walk';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { parseSignedData } from '@signpost/protocol/cms/signed-data';
import { parseTimestampInfo } from '@signpost/protocol/cms/timestamp-info';
import { parseTimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { TrustError } from '@signpost/protocol/errors';
import { parsePrivateKeyType } from '@signpost/protocol/keys/private-key';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { lintCertificate } from '@signpost/protocol/x509/lint/lint-certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { parseOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { assertRules, pathRules, profileRules, subordinateRules } from '@signpost/protocol/x509/profile';
import { parseRequest } from '@signpost/protocol/x509/request';
import { parseRevocationList } from '@signpost/protocol/x509/revocation-list';

/** What there is to read. */
export type FuzzKind =
  | 'certificate'
  | 'request'
  | 'list'
  | 'ocsp-request'
  | 'ocsp-response'
  | 'signed-data'
  | 'timestamp-request'
  | 'timestamp-response'
  | 'public-key'
  | 'private-key'
  | 'pkcs12';

/** One thing. */
export interface FuzzSeed {
  readonly kind: FuzzKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** What each kind is read by; throws only TrustError. */
const readers: Readonly<Record<FuzzKind, (bytes: Bytes) => unknown>> = {
  certificate: readCertificate,
  request: (bytes) => formatName(parseRequest(bytes).subject),
  list: parseRevocationList,
  'ocsp-request': parseOcspRequest,
  'ocsp-response': parseOcspResponse,
  'signed-data': (bytes) => parseTimestampInfo(parseSignedData(bytes).content ?? new Uint8Array()),
  'timestamp-request': parseTimestampRequest,
  'timestamp-response': parseTimestampResponse,
  'public-key': parseSubjectKey,
  'private-key': parsePrivateKeyType,
  pkcs12: (bytes) => (asksForWork(bytes) ? undefined : parsePkcs12(bytes, 'x')),
};

function readCertificate(bytes: Bytes): void {
  const certificate = parseCertificate(bytes);
  // Neither may throw, whatever stands in a certificate that parses.
  lintCertificate(certificate, { issuer: certificate, kind: 'server' });
  formatName(certificate.subject);
  assertRules(certificate, [...pathRules, ...profileRules, ...subordinateRules]);
}

/** Numbers of rounds that were damaged: what they cost is a limit of its own. */
function asksForWork(bytes: Bytes): boolean {
  return bytes.some((octet, at) => octet === 2 && [2, 3, 4].includes(bytes[at + 1] ?? 0));
}

/** Reads one thing. Throws TrustError for what is refused, any other error for what is accepted though it has another encoding. */
export async function read({ kind, bytes }: FuzzSeed): Promise<void> {
  await readers[kind](bytes);
  if (kind !== 'pkcs12' && kind !== 'signed-data' && kind !== 'timestamp-response') assertAcceptedIsDer(kind, bytes);
}

/** `accepted`, or the code of the refusal. Throws for any other error. */
export async function judge(thing: FuzzSeed): Promise<string> {
  try {
    await read(thing);
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw new Error(`neither accepted nor refused: ${thing.kind} ${encodeBase64(thing.bytes)}`, { cause: error });
  }
}

/** Whatever is accepted has one encoding. CMS comes in BER from others. */
function assertAcceptedIsDer(kind: FuzzKind, bytes: Bytes): void {
  try {
    assertDer(bytes);
  } catch (error) {
    // Levels are counted from where reading began: of a key, from the key on.
    if (error instanceof TrustError && error.message.endsWith('levels')) return;
    throw new Error(`accepted, and no DER: ${kind} ${encodeBase64(bytes)}`, { cause: error });
  }
}
