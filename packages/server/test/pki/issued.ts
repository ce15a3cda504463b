/** A certificate that was issued, read from its row. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { IssuedCertificate } from '../../src/pki/certificates/issue.ts';

/** With what the row's DER says. */
export interface ReadCertificate extends IssuedCertificate {
  readonly certificate: Certificate;
}

/** Waits for the certificate and reads it. */
export async function readIssued(issuing: Promise<IssuedCertificate>): Promise<ReadCertificate> {
  const issued = await issuing;
  return { ...issued, certificate: parseCertificate(parseBase64(issued.row.der)) };
}
