/** The objects of ACME as clients see them (RFC 8555, section 7.1). */
import type { AccountRow } from './accounts/store.ts';
import type { ChallengeType, Directory } from './directories/directory.ts';
import { listOffered } from './orders/authorization.ts';
import { readIdentifiers, stateOf } from './orders/order.ts';
import type { OrderWithProofs } from './orders/read.ts';
import type { AuthorizationRow } from './orders/store.ts';
import type { ProblemDocument } from './problem.ts';
import type { DirectoryUrls } from './urls.ts';

/** RFC 8555, 7.1.1; profiles as in draft-ietf-acme-profiles, renewal information as in RFC 9773. */
export function describeDirectory({ bindingRequired, termsUrl, profiles }: Directory, { base }: DirectoryUrls) {
  return {
    newNonce: `${base}/new-nonce`,
    newAccount: `${base}/new-account`,
    newOrder: `${base}/new-order`,
    revokeCert: `${base}/revoke-cert`,
    keyChange: `${base}/key-change`,
    renewalInfo: `${base}/renewal-info`,
    meta: {
      ...(termsUrl !== null && { termsOfService: termsUrl }),
      externalAccountRequired: bindingRequired,
      profiles: Object.fromEntries(profiles.map(({ name, description }) => [name, description])),
    },
  };
}

/** RFC 8555, 7.1.2. */
export function describeAccount({ id, state, contacts }: AccountRow, urls: DirectoryUrls) {
  return {
    status: state,
    contact: JSON.parse(contacts) as string[],
    termsOfServiceAgreed: true,
    orders: `${urls.account(id)}/orders`,
  };
}

/** RFC 8555, 7.1.3; RFC 9773, 5: `replaces` is repeated. */
export function describeOrder({ order, authorizations, replaces }: OrderWithProofs, urls: DirectoryUrls, now: number) {
  const { id, not_after, error, certificate_id } = order;
  return {
    status: stateOf(order, now),
    expires: formatTime(order.expires_at),
    identifiers: readIdentifiers(order),
    profile: order.profile,
    ...(not_after !== null && { notAfter: formatTime(not_after) }),
    ...(replaces !== undefined && { replaces }),
    ...(error !== null && { error: JSON.parse(error) as ProblemDocument }),
    authorizations: authorizations.map((row) => urls.authorization(row.id)),
    finalize: `${urls.order(id)}/finalize`,
    ...(certificate_id !== null && { certificate: urls.certificate(certificate_id) }),
  };
}

/** RFC 8555, 7.1.4. */
export function describeAuthorization(row: AuthorizationRow, urls: DirectoryUrls, now: number) {
  return {
    identifier: { type: row.kind, value: row.value },
    status: authorizationState(row, now),
    expires: formatTime(row.expires_at),
    ...(row.wildcard === 1 && { wildcard: true }),
    challenges: listOffered(row).map((type) => describeChallenge(row, type, urls)),
  };
}

/** RFC 8555, 8. */
export function describeChallenge(row: AuthorizationRow, type: ChallengeType, urls: DirectoryUrls) {
  const isAttempted = row.attempted === type;
  return {
    type,
    url: urls.challenge(row.id, type),
    status: challengeState(row, isAttempted),
    token: row.token,
    ...(isAttempted && row.validated_at !== null && { validated: formatTime(row.validated_at) }),
    ...(isAttempted && row.error !== null && { error: JSON.parse(row.error) as ProblemDocument }),
  };
}

/** Whether the server is trying a challenge now: the client asks again soon. */
export function isProcessing({ state, attempted }: AuthorizationRow): boolean {
  return state === 'pending' && attempted !== null;
}

function challengeState(row: AuthorizationRow, isAttempted: boolean): string {
  if (!isAttempted || row.state === 'deactivated') return 'pending';
  return row.state === 'pending' ? 'processing' : row.state;
}

function authorizationState({ state, expires_at }: AuthorizationRow, now: number): string {
  if (expires_at > now) return state;
  if (state === 'valid') return 'expired';
  return state === 'pending' ? 'invalid' : state;
}

// RFC 3339 without a fraction: some clients read no other.
function formatTime(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
