/** The certificate that a client shows: in the TLS handshake, or through a trusted proxy (RFC 9440). */
import { TLSSocket } from 'node:tls';
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { Refusal } from '../../errors.ts';
import { normaliseAddress, type TrustedProxies } from '../address.ts';

/** Where a request comes from, and what it says of a certificate. */
export interface Showing {
  readonly socket: { readonly remoteAddress?: string | undefined } | undefined;
  /** The header `Client-Cert`. */
  readonly header: string | undefined;
}

const maxHeaderCharacters = 16_384;

/**
 * The DER of the client's certificate, or undefined. From a trusted proxy only its header counts: its own certificate says who the
 * proxy is, not who asks. From anybody else the header is nothing. Throws `unauthenticated` for a proxy's header that is no
 * certificate. Of the certificate itself nothing is verified, but that whoever opened the connection holds its key.
 */
export function readClientCertificate({ socket, header }: Showing, proxies: TrustedProxies): Uint8Array | undefined {
  if (isTrusted(socket?.remoteAddress, proxies)) return header === undefined ? undefined : parseHeader(header);
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
}

function isTrusted(peer: string | undefined, proxies: TrustedProxies): boolean {
  const address = peer === undefined ? undefined : normaliseAddress(peer);
  return address !== undefined && proxies.includes(address);
}

/** RFC 9440, 2.1: a byte sequence (RFC 8941, 3.3.5). nginx cannot write one; it has the PEM with its special characters escaped. */
function parseHeader(header: string): Uint8Array | undefined {
  if (header === '') return undefined;
  try {
    if (header.length > maxHeaderCharacters) throw new TrustError('too_large', 'expected a shorter header');
    const sequence = /^:([A-Za-z0-9+/=]+):$/.exec(header)?.[1];
    return sequence === undefined
      ? parsePemBlock(decodeURIComponent(header), 'CERTIFICATE', maxHeaderCharacters)
      : parseBase64(sequence);
  } catch (cause) {
    if (!(cause instanceof TrustError || cause instanceof URIError)) throw cause;
    throw new Refusal('unauthenticated', 'expected one certificate in Client-Cert', {
      rule: 'client-cert-header',
      cause,
    });
  }
}
