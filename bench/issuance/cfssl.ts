/** Debian's CFSSL with an authority of its own in files: no database, no audit, no access control, no lint. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { waitForAnswer } from '../../test/programs/answer.ts';

/** A running CFSSL. */
export interface Cfssl {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where it signs; the body is `{"certificate_request": PEM}`. */
export const cfsslSignPath = '/api/v1/cfssl/sign';

/** What our profile `server` puts into a certificate, as far as CFSSL has words for it. */
const signing = {
  default: {
    expiry: '2160h',
    usages: ['digital signature', 'server auth'],
    crl_url: 'http://pki.example/crl',
    ocsp_url: 'http://pki.example/ocsp',
    issuer_urls: ['http://pki.example/ca.crt'],
  },
};

const keyWords = {
  'ecdsa-p256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  'rsa-2048': ['-newkey', 'rsa:2048'],
} as const;

/** Starts `cfssl serve` with a new authority's key of this type. It logs nothing, as ours does here. */
export async function startCfssl(folder: string, keyType: keyof typeof keyWords): Promise<Cfssl> {
  const [certificate, key, config] = ['pem', 'key', 'json'].map((ending) => join(folder, `cfssl-${keyType}.${ending}`));
  if (!certificate || !key || !config) throw new TypeError('expected three files');
  const files = ['-nodes', '-keyout', key, '-out', certificate];
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  const subject = ['-days', '365', '-subj', '/O=Example/CN=Issuing', ...extensions.flatMap((one) => ['-addext', one])];
  execFileSync('openssl', ['req', '-x509', ...keyWords[keyType], ...files, ...subject], { stdio: 'ignore' });
  await writeFile(config, JSON.stringify({ signing }));
  const port = await chooseFreePort();
  const words = ['-address=127.0.0.1', `-port=${port}`, '-loglevel=5'];
  const child = spawn('cfssl', ['serve', ...words, `-ca=${certificate}`, `-ca-key=${key}`, `-config=${config}`], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await waitForAnswer(url);
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
