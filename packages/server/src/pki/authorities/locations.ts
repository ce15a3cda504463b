/** Where an authority publishes what others need to judge its certificates (RFC 5280, 4.2.1.13 and 4.2.2.1). */
import { defaultOrganisation } from '../../http/guard.ts';
import type { Locations } from '../profiles/contents.ts';

/** The addresses of `authority`, below the configured one, never below what a request says; none without such. */
export function locateAuthority(pkiUrl: string | undefined, organisationSlug: string, authority: string): Locations {
  if (pkiUrl === undefined) return { crl: [], ocsp: [], issuer: [] };
  const prefix = organisationSlug === defaultOrganisation ? '' : `/o/${organisationSlug}`;
  const base = `${pkiUrl}${prefix}/pki/${authority}`;
  return { crl: [`${base}/crl`], ocsp: [`${base}/ocsp`], issuer: [`${base}/ca.crt`] };
}
