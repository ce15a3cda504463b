/** What every POST to ACME must be (RFC 8555, section 6.2): a JWS for this URL, with a fresh nonce, by a known key. */

import { TrustError } from '@signpost/protocol/errors';
import {
  assertHeader,
  type Jws,
  jwsAlgorithms,
  parseJws,
  type VerifiedJws,
  verifyJws,
} from '@signpost/protocol/jose/jws';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject, parseString } from '@signpost/protocol/json/fields';
import { parseDocument } from '@signpost/protocol/json/parse';
import type { Database } from '../../../storage/database.ts';
import { isId } from '../../../storage/ids.ts';
import type { AccountKey, AccountKeys } from '../accounts/account-key.ts';
import { type AccountRow, recallAccount } from '../accounts/store.ts';
import type { Directory } from '../directories/directory.ts';
import { AcmeProblem } from '../problem.ts';
import type { DirectoryUrls } from '../urls.ts';
import type { Nonces } from './nonces.ts';

/** What requests are held against. */
export interface RequestDependencies {
  readonly database: Database;
  readonly nonces: Nonces;
  readonly keys: AccountKeys;
}

/** A directory as it is reached. */
export interface Place {
  readonly directory: Directory;
  readonly urls: DirectoryUrls;
}

/** A request that came: the URL that it was sent to, in our words, and its body. */
export interface ReceivedRequest extends Place {
  readonly url: string;
  readonly body: Uint8Array;
}

/** A request by an account. */
export interface AccountRequest extends Place {
  readonly signer: 'account';
  readonly url: string;
  readonly account: AccountRow;
  readonly key: AccountKey;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** A request by a key that nobody has vouched for. */
export interface KeyRequest extends Place {
  readonly signer: 'key';
  readonly url: string;
  readonly key: AccountKey;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Bytes of a request body. A CSR with a hundred names takes about 8,000. */
export const maxRequestBytes: number = 64 * 1024;

/** The request, verified. Throws an `AcmeProblem` or `TrustError` that says what is wrong. */
export async function verifyRequest(
  dependencies: RequestDependencies,
  received: ReceivedRequest,
): Promise<AccountRequest | KeyRequest> {
  const jws = parseJws(received.body, maxRequestBytes);
  assertAlgorithm(jws);
  if (jws.header.nonce === undefined) throw refuseNonce();
  const isByKey = jws.header.jwk !== undefined;
  assertHeader(jws, ['alg', 'nonce', 'url', isByKey ? 'jwk' : 'kid']);
  assertUrl(jws, received.url);
  assertNonce(jws, dependencies.nonces);
  const { directory, urls, url } = received;
  if (isByKey) {
    const key = await dependencies.keys.parse(parseObject(jws.header.jwk, 'jwk'));
    return { signer: 'key', directory, urls, url, key, payload: (await verifyUnder(jws, key)).payload };
  }
  const account = await requireAccount(dependencies, received, parseString(jws.header, 'kid', 2048));
  const key = await dependencies.keys.open(account);
  const { payload } = await verifyUnder(jws, key);
  // RFC 8555, 7.3.6. Said only to whoever holds the key.
  if (account.state !== 'valid') {
    throw new AcmeProblem('unauthorized', `expected a valid account, got one that is ${account.state}`, {
      status: 401,
    });
  }
  return { signer: 'account', directory, urls, url, account, key, payload };
}

/** The same, by an account. Throws `malformed` for a request by a key. */
export async function verifyAccountRequest(
  dependencies: RequestDependencies,
  received: ReceivedRequest,
): Promise<AccountRequest> {
  const request = await verifyRequest(dependencies, received);
  if (request.signer === 'account') return request;
  throw new AcmeProblem('malformed', 'expected kid in the protected header, got jwk');
}

/** The same, by a key. Throws `malformed` for a request by an account. */
export async function verifyKeyRequest(
  dependencies: RequestDependencies,
  received: ReceivedRequest,
): Promise<KeyRequest> {
  const request = await verifyRequest(dependencies, received);
  if (request.signer === 'key') return request;
  throw new AcmeProblem('malformed', 'expected jwk in the protected header, got kid');
}

/** Throws `malformed` unless this is a POST-as-GET (RFC 8555, 6.3). */
export function assertEmptyPayload({ payload }: { readonly payload: Uint8Array }): void {
  if (payload.length > 0) throw new AcmeProblem('malformed', 'expected an empty payload: this is read by POST-as-GET');
}

/** The payload as a JSON object. Throws `malformed`. */
export function parsePayload({ payload }: { readonly payload: Uint8Array }): SignableObject {
  return parseObject(parseDocument(payload, maxRequestBytes), 'the payload');
}

/** RFC 8555, 6.2: the answer to another algorithm lists those that are taken. */
function assertAlgorithm({ algorithm }: Jws): void {
  if (jwsAlgorithms.some((known) => known === algorithm)) return;
  const members = { algorithms: jwsAlgorithms };
  throw new AcmeProblem('badSignatureAlgorithm', `expected one of ${jwsAlgorithms.join(', ')}`, { members });
}

function assertUrl({ header }: Jws, url: string): void {
  if (parseString(header, 'url', 2048) !== url) {
    throw new AcmeProblem('unauthorized', `expected the protected header to name the URL ${url}`);
  }
}

function assertNonce({ header }: Jws, nonces: Nonces): void {
  const nonce = header.nonce;
  if (typeof nonce === 'string' && nonces.use(nonce)) return;
  throw refuseNonce();
}

/** RFC 8555, 6.5: what is told of a nonce that is unacceptable or not present. */
function refuseNonce(): AcmeProblem {
  return new AcmeProblem('badNonce', 'expected a nonce of this server that is not used yet');
}

async function requireAccount(
  { database }: RequestDependencies,
  { directory, urls }: ReceivedRequest,
  kid: string,
): Promise<AccountRow> {
  const id = kid.slice(kid.lastIndexOf('/') + 1);
  const isOurs = isId(id) && kid === urls.account(id);
  const account = isOurs ? await recallAccount(database.query, id) : undefined;
  if (account?.directory_id !== directory.id)
    throw new AcmeProblem('accountDoesNotExist', 'this directory has no such account');
  return account;
}

/** The JWS, verified under a key. Throws `badSignatureAlgorithm`, or a TrustError. */
export async function verifyUnder(jws: Jws, { key }: Pick<AccountKey, 'key'>): Promise<VerifiedJws> {
  return verifyJws(jws, key).catch((error: unknown) => {
    if (!(error instanceof TrustError && error.code === 'algorithm_unsupported')) throw error;
    throw new AcmeProblem('badSignatureAlgorithm', 'expected the algorithm of the key', {
      members: { algorithms: jwsAlgorithms },
      cause: error,
    });
  });
}
