/** Whether a certificate is for the server that was asked for (RFC 9525, which replaces RFC 6125). */
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { Certificate } from './certificate.ts';
import type { GeneralName } from './general-name.ts';
import { isHostName, isHostPattern } from './name-syntax.ts';

/** What a client wants to talk to. */
export type ServerName =
  | { readonly kind: 'dns'; readonly host: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array<ArrayBuffer> };

/** A host name in ASCII or an address. Throws a TypeError for what is neither: non-ASCII names are converted before. */
export function parseServerName(text: string): ServerName {
  const address = parseAddress(text);
  if (address) return { kind: 'ip', address };
  if (!isHostName(text))
    throw new TypeError(`expected a host name or address, got ${JSON.stringify(text.slice(0, 100))}`);
  return { kind: 'dns', host: text.toLowerCase() };
}

/**
 * Throws `name_mismatch` unless an alternative name of `certificate` stands for `server`. Common names never count. `*` is
 * the whole first label and stands for exactly one; two labels at least follow it.
 */
export function assertServerName(certificate: Certificate, server: ServerName): void {
  const names = certificate.extensions.subjectAlternativeName?.value ?? [];
  if (names.some((name) => isFor(name, server))) return;
  const wanted = server.kind === 'dns' ? server.host : formatAddress(server.address);
  throw new TrustError('name_mismatch', `expected a certificate for ${wanted}`);
}

function isFor(name: GeneralName, server: ServerName): boolean {
  if (name.kind === 'ip' && server.kind === 'ip') return encodeHex(name.address) === encodeHex(server.address);
  return name.kind === 'dns' && server.kind === 'dns' && matchesHost(name.text.toLowerCase(), server.host);
}

function matchesHost(pattern: string, host: string): boolean {
  if (!isHostPattern(pattern)) return false;
  if (!pattern.startsWith('*.')) return pattern === host;
  const rest = pattern.slice(1);
  // RFC 9525, 6.3; a wildcard over a top-level domain would stand for somebody else's hosts.
  return rest.indexOf('.', 1) > 0 && host.indexOf('.') > 0 && host.slice(host.indexOf('.')) === rest;
}
