/** The addresses that certificates name, from the configured base alone (RFC 5280, 4.2.1.13 and 4.2.2.1). */
import type { Locations } from './contents.ts';

/** Whose addresses. */
export interface LocationPlace {
  /** Without a trailing slash; from the configuration, never from a request. */
  readonly pkiUrl: string;
  readonly organisationSlug: string;
  readonly authority: string;
}

/** Where an authority answers about itself and what it issued. The same object for the same place, as long as it is kept. */
export function createLocations({ pkiUrl, organisationSlug, authority }: LocationPlace): Locations {
  const prefix = organisationSlug === 'default' ? '' : `/o/${organisationSlug}`;
  const base = `${pkiUrl}${prefix}/pki/${authority}`;
  return { crl: [`${base}/crl`], ocsp: [`${base}/ocsp`], issuer: [`${base}/ca.crt`] };
}
