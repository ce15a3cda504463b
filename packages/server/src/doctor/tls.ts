/** The doctor on TLS: a server certificate that ends although it should have been renewed. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { readKeptPair } from '../pki/access/kept-pair.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';

const soonDays = 14;

const hints = {
  files: 'renew the files of SIGNPOST_TLS_CERT and SIGNPOST_TLS_KEY; they are taken up without a restart',
  authority: 'signpost unlock, and see in the log why the authority of SIGNPOST_TLS_AUTHORITY does not issue',
} as const;

/** A certificate of the server that has ended or ends soon. */
export async function examineServerCertificate({ config, now }: DoctorDependencies): Promise<Finding[]> {
  const { tls } = config;
  const end = tls && (await readEnd(config, tls));
  if (!tls || end === undefined) return [];
  const days = Math.floor((end - now()) / dayMs);
  if (days >= soonDays) return [];
  return [
    {
      level: days < 0 ? 'error' : 'warning',
      code: days < 0 ? 'tls-expired' : 'tls-expiring',
      message:
        days < 0 ? 'the certificate of the server has expired' : `the certificate of the server ends in ${days} days`,
      hint: hints[tls.kind],
    },
  ];
}

/** When the certificate ends, Unix ms; undefined when an authority has not issued it yet. */
async function readEnd({ dataDir }: Config, tls: NonNullable<Config['tls']>): Promise<number | undefined> {
  if (tls.kind === 'authority') return (await readKeptPair(join(dataDir, 'tls')))?.not_after;
  return Date.parse(new X509Certificate(await readFile(tls.certFile)).validTo);
}
