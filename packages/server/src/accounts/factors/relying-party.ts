/** Whose passkeys these are: the relying party (WebAuthn, 5.1.2 and 13.4.9), by the server's public address. */
import { isIP } from 'node:net';
import type { Config } from '../../config.ts';

/** Passkeys are made for `id`, a domain name, and used on pages of `origin` alone. */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
}

/**
 * The relying party of a server; undefined where browsers know no passkeys: without a public address, for one that is an IP address, or not of
 * HTTPS, except on `localhost`.
 */
export function relyingPartyOf({ baseUrl }: Pick<Config, 'baseUrl'>): RelyingParty | undefined {
  const url = baseUrl === undefined ? null : URL.parse(baseUrl);
  if (!url) return undefined;
  const { protocol, hostname: id, origin } = url;
  const isLocal = id === 'localhost' || id.endsWith('.localhost');
  if (isIP(id.replace(/^\[|\]$/g, '')) !== 0) return undefined;
  return protocol === 'https:' || (protocol === 'http:' && isLocal) ? { id, origin } : undefined;
}
