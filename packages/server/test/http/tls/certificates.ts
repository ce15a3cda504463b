/** Key pairs for TLS, made by openssl as an operator would. */
import { execFileSync } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a pair lies. */
export interface PairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A self-signed certificate for localhost in `dir`, under the name `name`. */
export function createPair(dir: string, name: string): PairFiles {
  const files = { certFile: join(dir, `${name}.pem`), keyFile: join(dir, `${name}.key`) };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', files.keyFile];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-days', '2', '-out', files.certFile], {
    stdio: 'ignore',
    timeout: 30_000,
  });
  return files;
}

/** Puts the files of `from` in place of those of `to`, each at once. */
export async function replacePair(from: PairFiles, to: PairFiles): Promise<void> {
  await rename(from.certFile, to.certFile);
  await rename(from.keyFile, to.keyFile);
}
