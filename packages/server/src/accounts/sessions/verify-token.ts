/** Verifies the tokens of sessions (JWT, RFC 7519, HS256), the signature of each once: a page asks many times with the same one. */
import { createHash } from 'node:crypto';
import { jwtVerify } from 'jose/jwt/verify';

/** Who issues the tokens. */
export const issuer = 'signpost';

/** What a token says whose signature held. */
interface Claims {
  readonly sid: string;
  /** Unix seconds. */
  readonly exp: number;
}

/** By the secret that signed them, and by their digest: nothing that opens a session is kept. */
const verified = new WeakMap<Uint8Array, Map<string, Claims>>();
const keptTokens = 1000;

/** The session id of a token, or undefined when it is not one of ours in force. */
export async function verifyToken(secret: Uint8Array, token: string, now: number): Promise<string | undefined> {
  const digest = createHash('sha256').update(token).digest('base64');
  const known = verified.get(secret)?.get(digest);
  const claims = known ?? (await readClaims(secret, token, now));
  if (!claims || Math.floor(now / 1000) >= claims.exp) return undefined;
  if (!known) keep(secret, digest, claims);
  return claims.sid;
}

async function readClaims(secret: Uint8Array, token: string, now: number): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      issuer,
      requiredClaims: ['sub', 'sid', 'exp'],
      currentDate: new Date(now),
    });
    const { sid, exp } = payload;
    return typeof sid === 'string' && exp !== undefined ? { sid, exp } : undefined;
  } catch {
    // Whatever is wrong with it, whoever sent it learns only that it does not count.
    return undefined;
  }
}

function keep(secret: Uint8Array, digest: string, claims: Claims): void {
  const tokens = verified.get(secret) ?? new Map<string, Claims>();
  verified.set(secret, tokens);
  const [oldest] = tokens.keys();
  if (tokens.size >= keptTokens && oldest !== undefined) tokens.delete(oldest);
  tokens.set(digest, claims);
}
