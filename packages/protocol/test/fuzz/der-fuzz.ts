/** Thousands of damaged certificates, requests, lists, answers, messages and keys: each is accepted or refused, quickly, and nothing else. */
import { assertDer } from '@signpost/protocol/asn1/walk';
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
import { createRandom, damage, pick } from './der-damage.ts';
import { createFuzzSeeds, type FuzzKind } from './der-seeds.ts';

/** What came of it. */
export interface FuzzOutcome {
  readonly accepted: number;
  /** How often each code refused. */
  readonly refused: ReadonlyMap<string, number>;
  readonly slowestMs: number;
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

/** Reads `count` things that `seed` determines. Throws at the first that is neither accepted nor refused by a TrustError. */
export async function fuzzDer(options: { readonly count: number; readonly seed: number }): Promise<FuzzOutcome> {
  const seeds = await createFuzzSeeds();
  const random = createRandom(options.seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  for (let index = 0; index < options.count; index++) {
    const { kind, bytes } = pick(seeds, random);
    const damaged = damage(bytes, pick(seeds, random).bytes, random);
    const startedAt = performance.now();
    const verdict = await judge(kind, damaged);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    if (verdict === 'accepted') accepted++;
    else refused.set(verdict, (refused.get(verdict) ?? 0) + 1);
  }
  return { accepted, refused, slowestMs };
}

async function judge(kind: FuzzKind, bytes: Bytes): Promise<string> {
  try {
    const result = readers[kind](bytes);
    if (result instanceof Promise) await result;
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw new Error(`neither accepted nor refused: ${kind} ${Buffer.from(bytes).toString('base64')}`, { cause: error });
  }
  if (kind !== 'pkcs12' && kind !== 'signed-data' && kind !== 'timestamp-response') assertAcceptedIsDer(kind, bytes);
  return 'accepted';
}

/** Whatever is accepted has one encoding. CMS comes in BER from others. */
function assertAcceptedIsDer(kind: FuzzKind, bytes: Bytes): void {
  try {
    assertDer(bytes);
  } catch (error) {
    throw new Error(`accepted, and no DER: ${kind} ${Buffer.from(bytes).toString('base64')}`, { cause: error });
  }
}
