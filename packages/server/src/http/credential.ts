/** The credential that a request carries, not yet judged, and the cookie that carries a session. */

/** A credential as it came. An Authorization header counts before a cookie. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly key: string }
  | { readonly kind: 'session'; readonly token: string }
  /** An Authorization header of a scheme that we do not know. */
  | { readonly kind: 'unknown' };

// RFC 6265bis, 4.1.3.2: with this prefix a browser takes the cookie only over HTTPS, for this host, for every path.
const cookieName = '__Host-signpost';
const cookieAttributes = 'HttpOnly; Secure; SameSite=Lax; Path=/';

/** Reads the credential of a request. */
export function readCredential(headers: Headers): Credential {
  const authorization = headers.get('authorization');
  if (authorization !== null) {
    const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    return key === undefined ? { kind: 'unknown' } : { kind: 'bearer', key };
  }
  const token = readCookie(headers.get('cookie') ?? '');
  return token === undefined ? { kind: 'none' } : { kind: 'session', token };
}

/** The Set-Cookie value that carries a session for `seconds`. */
export function encodeSessionCookie(token: string, seconds: number): string {
  return `${cookieName}=${token}; Max-Age=${seconds}; ${cookieAttributes}`;
}

/** The Set-Cookie value that ends it. */
export function encodeEndedCookie(): string {
  return `${cookieName}=; Max-Age=0; ${cookieAttributes}`;
}

function readCookie(header: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === cookieName) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
