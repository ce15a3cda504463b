/** How the server speaks TLS: 1.2 and 1.3 with forward secrecy and authenticated encryption only (RFC 9325). */
import { constants } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { KeyPair } from './key-pair.ts';

// TLS 1.3's three suites come first; of 1.2 only what RFC 9325, 4.2 recommends, and ChaCha20.
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * The options of a listener. With `requestClientCertificates` clients are asked for a certificate and may have none; who shows
 * one has proved to hold its key, and no more: whether it counts is decided request by request, by our own verifier.
 */
export function tlsOptions(pair: KeyPair, requestClientCertificates: boolean): TlsOptions {
  return {
    ...secureContextOptions(pair),
    requestCert: requestClientCertificates,
    rejectUnauthorized: false,
    handshakeTimeout: 10_000,
    ALPNProtocols: ['http/1.1'],
  };
}

/** What changes with the pair. */
export function secureContextOptions({ cert, key }: KeyPair) {
  return {
    cert,
    key,
    ciphers,
    minVersion: 'TLSv1.2' as const,
    // A certificate shown in the middle of a connection, or resumed with a ticket, is one more thing that can be confused.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}
