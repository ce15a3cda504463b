/** openssl and GnuTLS, as judges of what we made. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePem } from '@signpost/protocol/asn1/pem';
import type { Certificate } from '@signpost/protocol/x509/certificate';

const run = promisify(execFile);

/** Certificates as PEM, one after the other. */
function pemOf(certificates: readonly Pick<Certificate, 'bytes'>[]): string {
  return certificates.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join('');
}

/** Throws what the tools say unless openssl (`-x509_strict`) and certtool both accept `chain`: the end first, the root last. */
export async function assertChainAccepted(chain: readonly Pick<Certificate, 'bytes'>[], at: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  try {
    const path = (name: string) => join(folder, name);
    await writeFile(path('end.pem'), pemOf(chain.slice(0, 1)));
    await writeFile(path('between.pem'), pemOf(chain.slice(1, -1)));
    await writeFile(path('root.pem'), pemOf(chain.slice(-1)));
    await writeFile(path('all.pem'), pemOf(chain));
    const between = chain.length > 2 ? ['-untrusted', path('between.pem')] : [];
    const when = String(Math.floor(at / 1000));
    const strict = ['-x509_strict', '-check_ss_sig', '-attime', when];
    await run('openssl', ['verify', ...strict, '-CAfile', path('root.pem'), ...between, path('end.pem')]);
    // GnuTLS knows no day but today.
    await run('certtool', ['--verify', '--load-ca-certificate', path('root.pem'), '--infile', path('all.pem')]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
