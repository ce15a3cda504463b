/** An authority of the test's own and a certificate for 127.0.0.1, by openssl. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Files, all PEM. */
export interface Certificate {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes them in the folder. */
export async function createCertificate(folder: string): Promise<Certificate> {
  const [authority, authorityKey] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  const [certificate, key, request] = [join(folder, 'tls.pem'), join(folder, 'tls.key'), join(folder, 'tls.csr')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const extensions = join(folder, 'tls.cnf');
  await writeFile(extensions, 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  await run('openssl', ['req', '-x509', ...curve, '-subj', '/CN=Test', '-keyout', authorityKey, '-out', authority]);
  await run('openssl', ['req', ...curve, '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', request]);
  const by = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-extfile', extensions];
  await run('openssl', ['x509', '-req', '-in', request, ...by, '-days', '2', '-out', certificate]);
  return { authority, certificate, key };
}
