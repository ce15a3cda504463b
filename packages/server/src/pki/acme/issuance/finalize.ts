/** The end of an order (RFC 8555, section 7.4): certificate and order become valid in one transaction. */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import type { VerifiedRequest } from '@signpost/protocol/x509/request';
import type { Transaction } from 'kysely';
import { Refusal } from '../../../errors.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { AuthorityParts } from '../../authorities/authority.ts';
import { type IssuedCertificate, issueCertificate } from '../../certificates/issue.ts';
import { parseName } from '../../profiles/name-text.ts';
import { callerFor } from '../accounts/account.ts';
import { refuseEnd } from '../orders/end.ts';
import { assertOffered } from '../orders/identifiers.ts';
import { readIdentifiers, stateOf } from '../orders/order.ts';
import { type OrderWithProofs, requireOrder } from '../orders/read.ts';
import { completeOrder, type OrderRow } from '../orders/store.ts';
import { AcmeProblem } from '../problem.ts';
import { readCertificate } from '../renewal/certificate-id.ts';
import { refuseReplaced } from '../renewal/replaced.ts';
import { isReplaced } from '../renewal/store.ts';
import { type AccountRequest, parsePayload } from '../requests/signed-request.ts';
import { parseCsr, readCommonNames } from './csr.ts';
import { findOwnCertificate } from './store.ts';

/** What finishing an order needs. */
export type FinalizeDependencies = AuthorityParts;

const finishedRule = 'acme-order-finished';

/**
 * Issues the certificate of an order that is ready. The same request again finds the certificate. Throws `orderNotReady`,
 * `badCSR`; what the authority, the vault or the profile refuse leaves the order ready.
 */
export async function finalizeOrder(
  dependencies: FinalizeDependencies,
  request: AccountRequest,
  id: string,
): Promise<OrderWithProofs> {
  const found = await requireOrder(dependencies, request, id);
  const { order } = found;
  const identifiers = readIdentifiers(order);
  const csr = await parseCsr(parsePayload(request), { identifiers, accountKey: request.key });
  if (order.state === 'valid') {
    await assertSameKey(dependencies, order, csr);
    return found;
  }
  assertReady(found, dependencies.now());
  try {
    const { id: certificateId } = (await issueFor(dependencies, request, { order, csr })).row;
    return { ...found, order: { ...order, state: 'valid', certificate_id: certificateId } };
  } catch (error) {
    if (!isLate(error)) throw translate(error);
    // Somebody was faster: the same client that asked twice, or another order for the same certificate.
    await assertFinished(dependencies, request, { order, csr });
  }
  return requireOrder(dependencies, request, id);
}

function assertReady({ order, authorizations }: OrderWithProofs, now: number): void {
  const isProven = authorizations.every(({ state, expires_at }) => state === 'valid' && expires_at > now);
  if (stateOf(order, now) === 'ready' && isProven) return;
  throw new AcmeProblem('orderNotReady', `expected an order that is ready, got one that is ${stateOf(order, now)}`);
}

async function issueFor(
  dependencies: FinalizeDependencies,
  { account, directory }: AccountRequest,
  { order, csr }: { order: OrderRow; csr: VerifiedRequest },
): Promise<IssuedCertificate> {
  const profile = directory.profiles.find(({ name }) => name === order.profile);
  if (!profile) throw new AcmeProblem('invalidProfile', 'this directory does not offer the profile any more');
  // An admin may have changed what the directory is for since the order was made.
  const identifiers = readIdentifiers(order);
  assertOffered(identifiers, directory);
  return issueCertificate(dependencies, callerFor(directory), {
    ...{ authority: directory.authority, profile: profile.profile, source: 'acme', acmeAccountId: account.id },
    key: { kind: 'request', request: csr },
    subject: readCommonNames(csr),
    names: identifiers.map(({ type, value }) => parseName(type, value)),
    // RFC 8555, 7.4: no certificate with other contents than those that were asked for.
    ...(order.not_after !== null && { notAfter: order.not_after, beyondIssuer: 'refuse' as const }),
    ...(order.replaces_id !== null && { replacesId: order.replaces_id }),
    // In the transaction that holds the certificate: there is none without its order, whatever happens in between.
    alongside: (tx, { id }) => finish(tx, order, { certificateId: id, now: dependencies.now() }),
  });
}

async function finish(
  tx: Transaction<Schema>,
  { id, replaces_id }: OrderRow,
  { certificateId, now }: { certificateId: string; now: number },
): Promise<void> {
  const isReplacedAlready = replaces_id !== null && (await isReplaced(tx, replaces_id));
  if (isReplacedAlready || !(await completeOrder(tx, { id, certificateId, now }))) {
    throw new Refusal('conflict', 'the order was finished already', { rule: finishedRule });
  }
}

function isLate(error: unknown): boolean {
  return error instanceof Refusal && error.rule === finishedRule;
}

async function assertFinished(
  dependencies: FinalizeDependencies,
  request: AccountRequest,
  { order, csr }: { order: OrderRow; csr: VerifiedRequest },
): Promise<void> {
  const { order: now } = await requireOrder(dependencies, request, order.id);
  if (now.state === 'valid') return assertSameKey(dependencies, now, csr);
  if (now.state === 'ready' && now.replaces_id !== null) throw refuseReplaced();
  throw new AcmeProblem('orderNotReady', `expected an order that is ready, got one that is ${now.state}`);
}

/** RFC 8555, 7.4: an order is finished once. */
async function assertSameKey(
  { database }: FinalizeDependencies,
  order: OrderRow,
  { spki }: VerifiedRequest,
): Promise<void> {
  const row = await findOwnCertificate(database.query, order.account_id, order.certificate_id ?? '');
  if (row && encodeHex(readCertificate(row.der).spki) === encodeHex(spki)) return;
  throw new AcmeProblem('orderNotReady', 'this order was finished with another key');
}

/** What the profile or the name policy refuse, in ACME's words. An end refused here was given when the order was made. */
function translate(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  if (error.rule === 'name-policy' || error.rule === 'wildcard') {
    return new AcmeProblem('rejectedIdentifier', error.message, { cause: error });
  }
  const refusedEnd = refuseEnd(error);
  if (refusedEnd) return refusedEnd;
  return error.code === 'invalid' ? new AcmeProblem('badCSR', error.message, { cause: error }) : error;
}
