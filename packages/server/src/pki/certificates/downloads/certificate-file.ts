/** A certificate as files that programs read. No private key is in any of them. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeCertificates } from '@signpost/protocol/cms/write-certificates';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { Query } from '../../../storage/database.ts';
import type { CertificateRow } from '../../records/certificate-row.ts';
import { certificateOf, readChain, withoutRoot } from './chain.ts';
import { nameFile } from './file-name.ts';

/** `pem` and `der`: alone. `chain`: what stands above. `fullchain`: both, as servers want it. `p7b`: all, the root too. */
export const certificateFormats = ['pem', 'der', 'chain', 'fullchain', 'p7b'] as const;

/** One of the formats above. */
export type CertificateFormat = (typeof certificateFormats)[number];

/** A file to be saved. */
export interface DownloadedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
  readonly name: string;
}

/** RFC 8555, 9.1: PEM, the certificate first and each issuer after it. */
const pemType = 'application/pem-certificate-chain';

/** The file. Throws `conflict` when there is no chain to put into it. */
export async function createCertificateFile(
  query: Query,
  row: CertificateRow,
  { format, at }: { readonly format: CertificateFormat; readonly at: number },
): Promise<DownloadedFile> {
  const own = certificateOf(row);
  const name = nameFile(row);
  switch (format) {
    case 'pem':
      return pemFile(`${name}.pem`, [own]);
    case 'der':
      // RFC 2585, 4.
      return { bytes: own.bytes, mediaType: 'application/pkix-cert', name: `${name}.cer` };
    case 'chain':
      return pemFile(`${name}.chain.pem`, withoutRoot(await readChain(query, row, at)));
    case 'fullchain': {
      const chain = await readChain(query, row, at);
      return pemFile(`${name}.fullchain.pem`, [own, ...chain.slice(0, -1)]);
    }
    case 'p7b': {
      const all = [own, ...(await readChain(query, row, at))].map(({ bytes }) => bytes);
      return { bytes: encodeCertificates(all), mediaType: 'application/x-pkcs7-certificates', name: `${name}.p7b` };
    }
  }
}

function pemFile(name: string, certificates: readonly Certificate[]): DownloadedFile {
  const text = certificates.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join('');
  return { bytes: encodeText(text), mediaType: pemType, name };
}
