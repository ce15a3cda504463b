/** Where an authority publishes what others need to judge its certificates (RFC 5280, 4.2.1.13 and 4.2.2.1). */
import { defaultOrganisation } from '../../http/guard.ts';
import type { IssuerLocations } from './contents.ts';

/** Addresses of one authority. */
export interface AuthorityLocations extends IssuerLocations {
  readonly ocsp: string;
}

/** The addresses of `authority`, below the configured one, never below what a request says; `undefined` without such. */
export function locateAuthority(
  pkiUrl: string | undefined,
  organisationSlug: string,
  authority: string,
): AuthorityLocations | undefined {
  if (pkiUrl === undefined) return undefined;
  const prefix = organisationSlug === defaultOrganisation ? '' : `/o/${organisationSlug}`;
  const base = `${pkiUrl}${prefix}/pki/${authority}`;
  return { certificate: `${base}/ca.crt`, revocationList: `${base}/crl`, ocsp: `${base}/ocsp` };
}
