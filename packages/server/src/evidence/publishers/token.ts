/** Verifies the tokens of builds (RFC 7519, RFC 8725; OpenID Connect Core 1.0, 3.1.3.7). */
import { createHash } from 'node:crypto';
import { interpretObject, interpretText } from '@signpost/protocol/intoto/members';
import { type Jws, parseCompactJws, verifyJws } from '@signpost/protocol/jose/jws';
import { type JsonObject, parseForeignJson, readMember } from '@signpost/protocol/json/foreign';
import { Refusal } from '../../errors.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/** The longest token that is read, in characters. */
export const maxTokenCharacters = 16 * 1024;

/** How far clocks may be apart. */
const skewMs = 60_000;

/** The longest that a token may hold from now on: it is remembered for so long. */
const maxLifeMs = 24 * 3_600_000;

/** A token as it says it is. Nothing is verified. */
export interface ParsedToken {
  readonly jws: Jws;
  readonly keyId: string;
  readonly issuer: string;
  readonly payload: JsonObject;
}

declare const verified: unique symbol;

/** A token whose signature, audience and times hold. */
export interface VerifiedToken extends ParsedToken {
  readonly [verified]: true;
  /** Names this token among all: SHA-256 of issuer and `jti`. */
  readonly digest: string;
  /** Unix milliseconds; after it the token holds nowhere. */
  readonly expiresAt: number;
}

/** Parses a token. Throws TrustError, and `unauthenticated` with the rule that was broken. */
export function parseToken(text: string): ParsedToken {
  const jws = parseCompactJws(text, maxTokenCharacters);
  const payload = interpretObject(
    parseForeignJson(jws.payload, { maxBytes: maxTokenCharacters, maxDepth: 8 }),
    'the payload',
  );
  const { kid, typ, crit } = jws.header;
  if (typeof kid !== 'string' || kid === '') throw refuse('token-header', 'expected the header to name its key');
  if (typ !== undefined && typ !== 'JWT') throw refuse('token-header', 'expected a token of type JWT');
  // RFC 7515, 4.1.11: what must be understood and is not, is refused.
  if (crit !== undefined) throw refuse('token-header', 'expected a header without crit');
  return { jws, keyId: kid, issuer: interpretText(payload, 'iss'), payload };
}

/**
 * The token, verified under a key of its issuer, which the caller has found to be one that counts. Throws TrustError when the keys cannot
 * be had or the signature is another's, and `unauthenticated` with the rule that was broken.
 */
export async function verifyToken(
  token: ParsedToken,
  { keys, audience, now }: { readonly keys: IssuerKeys; readonly audience: string; readonly now: number },
): Promise<VerifiedToken> {
  const { jws, issuer, keyId, payload } = token;
  const found = await keys.find(issuer, keyId);
  if (!found) throw refuse('token-key', `expected a key of ${issuer}, got ${keyId.slice(0, 200)}`);
  // RFC 8725, 3.1: the key says how it signs; a token that says otherwise is refused.
  if (jws.algorithm !== found.algorithm) {
    throw refuse('token-algorithm', `expected ${found.algorithm}, got ${jws.algorithm}`);
  }
  await verifyJws(jws, found.key);
  verifyAudience(payload, audience);
  const expiresAt = verifyTimes(payload, now);
  const id = createHash('sha256').update(JSON.stringify([issuer, interpretText(payload, 'jti')]));
  return { ...token, digest: id.digest('hex'), expiresAt } as VerifiedToken;
}

/** A token for others too would be theirs to show here. */
function verifyAudience(payload: JsonObject, audience: string): void {
  const named = readMember(payload, 'aud');
  const one = Array.isArray(named) && named.length === 1 ? named[0] : named;
  if (one === audience) return;
  throw refuse('token-audience', `expected a token for ${audience} alone, got ${JSON.stringify(named)?.slice(0, 200)}`);
}

/** Unix milliseconds of the end. */
function verifyTimes(payload: JsonObject, now: number): number {
  const expiresAt = readTime(payload, 'exp');
  const issuedAt = readTime(payload, 'iat');
  const notBefore = readMember(payload, 'nbf') === undefined ? issuedAt : readTime(payload, 'nbf');
  if (expiresAt + skewMs <= now)
    throw refuse('token-expired', `expected a token in force, it ended ${format(expiresAt)}`);
  if (Math.max(issuedAt, notBefore) - skewMs > now) {
    throw refuse('token-early', `expected a token in force, it begins ${format(Math.max(issuedAt, notBefore))}`);
  }
  if (expiresAt - now > maxLifeMs) throw refuse('token-life', 'expected a token that ends within a day');
  return expiresAt + skewMs;
}

/** RFC 7519, 2: NumericDate, in seconds. */
function readTime(payload: JsonObject, name: string): number {
  const seconds = readMember(payload, name);
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds < 1e11)) {
    throw refuse('token-time', `expected ${name} to be a time in seconds`);
  }
  return Math.floor(seconds * 1000);
}

function format(at: number): string {
  return new Date(at).toISOString();
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('unauthenticated', message, { rule });
}
