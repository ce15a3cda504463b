/** Answering a request about an authority's certificates (RFC 6960, 2; RFC 5019, 2.2): from what was signed before, or anew. */
import { createHash } from 'node:crypto';
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import { TrustError } from '@signpost/protocol/errors';
import type { CertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { type OcspRequest, parseOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import type { CertificateStatus, OcspFailure, SingleResponse } from '@signpost/protocol/x509/ocsp/response';
import { encodeOcspFailure, signOcspResponse } from '@signpost/protocol/x509/ocsp/write-response';
import type { BaseLogger } from 'pino';
import { Refusal } from '../../../errors.ts';
import { createGatheredReads, type GatheredReads } from '../../../storage/gathered-reads.ts';
import { isOutage } from '../../../storage/violation.ts';
import type { AuthorityPlace } from '../../authorities/authority.ts';
import { formatSerial } from '../../records/certificate-row.ts';
import { toReason } from '../lists/entries.ts';
import { answerAgeMs, answerValidityMs } from '../periods.ts';
import { listStatuses } from '../store.ts';
import { openResponder, type Responder, type ResponderParts } from './responder.ts';
import type { SignedAnswer, SignedAnswers } from './signed-answers.ts';

/** What answering needs. */
export interface AnswerParts extends ResponderParts {
  readonly statusAnswers: { readonly signed: SignedAnswers };
  readonly log: Pick<BaseLogger, 'error'>;
}

/** What is sent back; every kind of it is DER, and an answer of HTTP 200. */
export type OcspAnswer =
  /** May be given again to whoever asks the same, as long as it is current. */
  | { readonly kind: 'shared'; readonly answer: SignedAnswer }
  /** For this request only. */
  | { readonly kind: 'single'; readonly bytes: Uint8Array<ArrayBuffer> };

/**
 * Answers a request, whatever it is: what cannot be answered is told by the statuses of the protocol. What was signed before needs
 * no key, and while the vault is locked it is given as long as it holds.
 */
export async function answerOcsp(
  parts: AnswerParts,
  place: AuthorityPlace,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<OcspAnswer> {
  try {
    const request = parseOcspRequest(bytes);
    const id = findShared(request);
    const kept = id && parts.statusAnswers.signed.find(place.authorityId, id);
    return kept ? { kind: 'shared', answer: kept } : await answerAnew(parts, place, { request, id });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === 'internalError') parts.log.error({ err: error, authorityId: place.authorityId }, 'no OCSP answer');
    return { kind: 'single', bytes: encodeOcspFailure(failure) };
  }
}

/** What an answer that anybody may have is about: one certificate, asked about without a nonce. */
function findShared({ certificates, nonce }: OcspRequest): CertificateId | undefined {
  const [id, ...others] = certificates;
  return others.length === 0 && nonce === undefined ? id : undefined;
}

interface Question {
  readonly request: OcspRequest;
  /** Of an answer that may be kept. */
  readonly id: CertificateId | undefined;
}

async function answerAnew(parts: AnswerParts, place: AuthorityPlace, question: Question): Promise<OcspAnswer> {
  try {
    const responder = await openResponder(parts, place);
    assertOwn(question.request, responder);
    return await answerRequest(parts, place, { ...question, responder });
  } catch (error) {
    const isLocked = error instanceof Refusal && error.code === 'vault_locked';
    const held = isLocked && question.id && parts.statusAnswers.signed.findHolding(place.authorityId, question.id);
    if (held) return { kind: 'shared', answer: held };
    throw error;
  }
}

interface Asked extends Question {
  readonly responder: Responder;
}

class NotAuthoritative extends Error {}

/** RFC 5019, 2.2.3: nobody is told anything about other authorities' certificates alone. */
function assertOwn({ certificates }: OcspRequest, responder: Responder): void {
  if (!certificates.some((id) => isOwn(id, responder))) throw new NotAuthoritative();
}

function isOwn({ hash, nameHash, keyHash }: CertificateId, { issuerHashes }: Responder): boolean {
  const own = issuerHashes.get(hash);
  return own !== undefined && isSameBytes(own.nameHash, nameHash) && isSameBytes(own.keyHash, keyHash);
}

async function answerRequest(parts: AnswerParts, place: AuthorityPlace, asked: Asked): Promise<OcspAnswer> {
  const { id, request, responder } = asked;
  // Before looking: what changes from here on makes the answer one that is not kept.
  const generation = parts.statusAnswers.signed.generation(place.authorityId);
  const thisUpdate = Math.floor(parts.now() / 1000) * 1000;
  const responses = await describeAll(parts, place, { asked, thisUpdate });
  const bytes = await signOcspResponse(
    {
      responder: responder.certificate.subject,
      producedAt: thisUpdate,
      responses,
      nonce: request.nonce,
      certificates: [responder.certificate],
    },
    responder.signer,
  );
  // What was never issued may be at any moment, and could be asked about without end.
  const [response] = responses;
  if (!id || !response || response.status.kind === 'unknown') return { kind: 'single', bytes };
  const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
  const validUntil = Math.min(thisUpdate + answerAgeMs, responder.certificate.notAfter);
  const signed = { bytes, etag, thisUpdate, validUntil, nextUpdate: response.nextUpdate ?? validUntil };
  const kind = { issuerId: place.authorityId, id, generation };
  return { kind: 'shared', answer: parts.statusAnswers.signed.keep(kind, signed) };
}

async function describeAll(
  { database }: AnswerParts,
  { authorityId }: AuthorityPlace,
  { asked, thisUpdate }: { readonly asked: Asked; readonly thisUpdate: number },
): Promise<SingleResponse[]> {
  const { request, responder } = asked;
  const serials = request.certificates.filter((id) => isOwn(id, responder)).map((id) => formatSerial(id.serialNumber));
  const statuses = await readStatuses(database, authorityId, serials);
  // An answer does not outlive who signed it.
  const nextUpdate = Math.min(thisUpdate + answerValidityMs, responder.certificate.notAfter);
  return request.certificates.map((id) => {
    const status = isOwn(id, responder) ? statuses.get(formatSerial(id.serialNumber)) : undefined;
    return { id, status: status ?? { kind: 'unknown' }, thisUpdate, nextUpdate };
  });
}

/** What is asked about in one turn is looked up together. */
const readStatuses: GatheredReads<ReadonlyMap<string, CertificateStatus>> = createGatheredReads(
  async ({ query }, authorityId, serials) => {
    const rows = await listStatuses(query, authorityId, serials);
    return new Map(rows.map((row) => [row.serial, describeStatus(row)]));
  },
);

function describeStatus(row: Awaited<ReturnType<typeof listStatuses>>[number]): CertificateStatus {
  if (row.state === 'valid') return { kind: 'good' };
  return { kind: 'revoked', revokedAt: row.revoked_at ?? 0, reason: toReason(row.reason) };
}

/** RFC 6960, 2.3, and RFC 5019, 2.2.3. */
function failureOf(error: unknown): OcspFailure {
  if (error instanceof TrustError) return error.code === 'algorithm_unsupported' ? 'unauthorized' : 'malformedRequest';
  if (error instanceof NotAuthoritative) return 'unauthorized';
  if (isOutage(error)) return 'tryLater';
  if (!(error instanceof Refusal)) return 'internalError';
  if (error.code === 'vault_locked' || error.code === 'unavailable') return 'tryLater';
  return error.code === 'conflict' ? 'unauthorized' : 'internalError';
}
