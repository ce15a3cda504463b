/** What may be asked without TLS: what is signed by itself and must be had before a certificate can be checked. */

/** The paths of the plain listener: certificates, CRLs, OCSP and timestamps (RFC 5280, 8), ACME's signed messages, liveness. */
const plainPath = /^(?:\/o\/[^/]+)?\/(?:pki|acme)\/|^\/healthz$/;

/** Whether the request target `url` is one of them, read as the application will read it: `/pki/../api` is `/api`. */
export function isPlainPath(url: string): boolean {
  const parsed = URL.parse(url, 'http://plain');
  return parsed !== null && plainPath.test(parsed.pathname);
}
