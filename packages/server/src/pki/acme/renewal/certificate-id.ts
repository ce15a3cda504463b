/** How ARI names a certificate (RFC 9773, section 4.1): its issuer's key identifier and its serial number. */
import { encodeBase64Url, parseBase64Url } from '@signpost/protocol/bytes/base64url';
import { TrustError } from '@signpost/protocol/errors';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { Query } from '../../../storage/database.ts';
import { type CertificateRow, formatSerial } from '../../records/certificate-row.ts';
import { findCertificate } from '../../records/store.ts';
import { AcmeProblem } from '../problem.ts';
import { listBySerial } from './store.ts';

/** The name of a certificate, as in `renewal-info/{name}`. */
function encodeCertificateId({ extensions, serialNumber }: Certificate): string {
  const issuer = extensions.authorityKeyIdentifier?.value.keyIdentifier ?? new Uint8Array();
  return `${encodeBase64Url(issuer)}.${encodeBase64Url(serialNumber)}`;
}

/** The certificate of the organisation that has this name. Throws `malformed`, with status 404 when there is none. */
export async function requireNamed(query: Query, organisationId: string, name: string): Promise<CertificateRow> {
  const [issuer = '', serial = '', ...more] = name.split('.');
  const octets = parseOctets(serial);
  if (more.length > 0 || parseOctets(issuer).length === 0 || octets.length === 0 || octets.length > 20) {
    throw new AcmeProblem('malformed', 'expected a key identifier and a serial number in base64url');
  }
  const rows = await listBySerial(query, organisationId, formatSerial(octets));
  const row = rows.find(({ der }) => encodeCertificateId(readCertificate(der)) === name);
  if (row) return row;
  throw new AcmeProblem('malformed', 'no such certificate', { status: 404 });
}

/** The name of the organisation's certificate with this id; undefined when there is none. */
export async function findName(query: Query, organisationId: string, id: string): Promise<string | undefined> {
  const row = await findCertificate(query, organisationId, id);
  return row && encodeCertificateId(readCertificate(row.der));
}

/** The certificate of a row's `der`. */
export function readCertificate(der: string): Certificate {
  return parseCertificate(new Uint8Array(Buffer.from(der, 'base64')));
}

function parseOctets(text: string): Uint8Array {
  try {
    return parseBase64Url(text);
  } catch (error) {
    if (error instanceof TrustError) return new Uint8Array();
    throw error;
  }
}
