/** tls-alpn-01 (RFC 8737): a certificate with the digest in it, served under a protocol name of its own. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { parseDer } from '@signpost/protocol/asn1/reader';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import { formatAddress, parseAddress } from '@signpost/protocol/x509/address';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { AcmeProblem } from '../problem.ts';
import { type Attempt, keyAuthorizationDigest, refuseConnection, tryAddresses } from './proof.ts';

const protocolName = 'acme-tls/1';

/** RFC 8737, 6.1. */
const acmeIdentifier = '1.3.6.1.5.5.7.1.31';

/** Throws an `AcmeProblem` unless the host shows a certificate for exactly this name and key authorisation. */
export async function validateTls(attempt: Attempt): Promise<void> {
  const bytes = await tryAddresses(attempt, attempt, (address) => fetchCertificate(attempt, address));
  try {
    assertProof(parseCertificate(bytes), attempt);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new AcmeProblem('incorrectResponse', `expected a certificate as in RFC 8737: ${error.message}`);
  }
}

async function fetchCertificate(attempt: Attempt, address: string): Promise<Uint8Array<ArrayBuffer>> {
  const socket = connect({
    ...{ host: address, port: attempt.directory.tlsPort, servername: serverNameOf(attempt) },
    ALPNProtocols: [protocolName],
    minVersion: 'TLSv1.2',
    // RFC 8737, 3: the certificate is self-signed; what is in it is the proof.
    rejectUnauthorized: false,
  });
  // What goes wrong after the certificate was read is nobody's business.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'secureConnect', { signal: attempt.signal });
    return readCertificate(socket);
  } catch (error) {
    throw error instanceof AcmeProblem ? error : refuseTls(error);
  } finally {
    socket.destroy();
  }
}

/** RFC 8738, 6: an address is asked for by its name in the reverse tree. */
function serverNameOf({ kind, name }: Attempt): string {
  if (kind === 'dns') return name;
  const octets = parseAddress(name) ?? new Uint8Array();
  if (octets.length === 4) return `${[...octets].reverse().join('.')}.in-addr.arpa`;
  return `${[...encodeHex(octets)].reverse().join('.')}.ip6.arpa`;
}

function refuseTls(cause: unknown): AcmeProblem {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (!/^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return refuseConnection(cause);
  return new AcmeProblem('tls', `expected TLS with ${protocolName}, got ${code}`);
}

function readCertificate(socket: TLSSocket): Uint8Array<ArrayBuffer> {
  if (socket.alpnProtocol !== protocolName) throw new AcmeProblem('tls', `expected the protocol ${protocolName}`);
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) throw new AcmeProblem('tls', 'expected a certificate, got none');
  return new Uint8Array(raw);
}

/** RFC 8737, 3: one name, and the critical extension with the digest. */
function assertProof(certificate: Certificate, attempt: Attempt): void {
  const names = certificate.extensions.subjectAlternativeName?.value ?? [];
  const [only] = names;
  if (names.length !== 1 || !only || !isName(only, attempt)) {
    throw new AcmeProblem('incorrectResponse', 'expected a certificate for exactly the name that is validated');
  }
  const proof = certificate.allExtensions.find(({ oid }) => oid === acmeIdentifier);
  if (!proof?.critical) throw new AcmeProblem('incorrectResponse', 'expected a critical extension acmeIdentifier');
  const digest = parseDer(proof.value, { maxBytes: 100 }, (reader) => reader.readOctetString());
  if (!keyAuthorizationDigest(attempt).equals(digest)) {
    throw new AcmeProblem('incorrectResponse', 'expected the digest of the key authorisation in acmeIdentifier');
  }
}

function isName(name: GeneralName, attempt: Attempt): boolean {
  if (attempt.kind === 'dns') return name.kind === 'dns' && name.text.toLowerCase() === attempt.name;
  return name.kind === 'ip' && isIP(attempt.name) !== 0 && formatAddress(name.address) === attempt.name;
}
