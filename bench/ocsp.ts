/** OCSP over HTTP: answers signed for each request, and answers from finished buffers; `openssl ocsp` beside it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { encodeOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { chooseFreePort } from '../packages/protocol/test/free-port.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';
import { type Deployment, withDeployment } from './signpost.ts';

const runFile = promisify(execFile);
const certificates = 200;
const rounds = 3;
const secondsPerRound = 4;
const passphrase = 'five quite random words here';

/** Measures answers a second: from buffers by GET and POST, and signed anew for requests with a nonce. */
export async function measureOcsp(): Promise<readonly Measurement[]> {
  return withDeployment(async (deployment) => {
    const issued = await issueSome(deployment);
    const plain = await Promise.all(issued.map((one) => encodeFor(one)));
    const unique = await Promise.all(issued.map((one) => encodeFor(one, crypto.getRandomValues(new Uint8Array(32)))));
    const path = '/pki/issuing/ocsp';
    const byGet = plain.map((bytes) => ({ path: `${path}/${encodeURIComponent(toBase64(bytes))}` }));
    const byPost = (bodies: readonly Uint8Array[]) => bodies.map((body) => ({ path, body }));
    const openssl = await measureOpenssl(deployment, issued[0]);
    const beside = `openssl ocsp -multi 2: ${formatAmount(openssl)}/s`;
    const measure = async (name: string, requests: readonly Asking[], value: number): Promise<Measurement> => {
      const measured = await measureMedian(deployment, { name, requests });
      return { name, measured, bar: { kind: 'at least', value, unit: '/s' }, detail: beside };
    };
    return [
      await measure('OCSP by GET, from a buffer', byGet, 25_000),
      await measure('OCSP by POST, from a buffer', byPost(plain), 25_000),
      await measure('OCSP with a nonce, signed', byPost(unique), 5_900),
    ];
  });
}

interface Issued {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
}

async function issueSome({ operator }: Deployment): Promise<readonly Issued[]> {
  const make = (kind: string, name: string, more: object) =>
    operator.call('POST', '/api/authorities', { kind, name, subject: { CN: name }, passphrase, ...more });
  await make('root', 'root', {});
  await make('intermediate', 'issuing', { parent: 'root' });
  const wish = { authority: 'issuing', profile: 'server', key: 'ecdsa-p256', names: ['dns:host.internal'] };
  return Promise.all(
    Array.from({ length: certificates }, async () => {
      const { certificate, chain } = await operator.call('POST', '/api/certificates', wish);
      const [own, above] = parsePem(certificate + chain, 100_000).map(({ bytes }) => parseCertificate(bytes));
      if (!own || !above) throw new Error('expected a certificate with its issuer');
      return { certificate: own, issuer: above };
    }),
  );
}

async function encodeFor({ certificate, issuer }: Issued, nonce?: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return encodeOcspRequest([await createCertificateId(certificate, issuer)], nonce && { nonce });
}

/** One request: a GET unless it has a body. */
interface Asking {
  readonly path: string;
  readonly body?: Uint8Array;
}

interface Load {
  readonly name: string;
  readonly requests: readonly Asking[];
}

async function measureMedian({ server, installation }: Deployment, { name, requests }: Load): Promise<number> {
  const script = join(installation.folder, `${name.replaceAll(/\W+/g, '-')}.lua`);
  await writeFile(script, formatScript(requests), 'latin1');
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) rates.push(await runWrk(server.base, script));
  // The first fills the buffers.
  return quantile(rates.slice(1), 0.5);
}

/** What wrk sends in turn. */
function formatScript(requests: readonly Asking[]): string {
  const lines = requests.map(({ path, body }) => `  { "${path}", ${body ? formatLuaString(body) : 'nil'} },`);
  return `local asked = {
${lines.join('\n')}
}
local headers = { ["Content-Type"] = "application/ocsp-request" }
local at = 0
request = function()
  at = at % #asked + 1
  local one = asked[at]
  return one[2] and wrk.format("POST", one[1], headers, one[2]) or wrk.format("GET", one[1])
end
`;
}

function formatLuaString(bytes: Uint8Array): string {
  return `"${[...bytes].map((octet) => `\\${String(octet).padStart(3, '0')}`).join('')}"`;
}

async function runWrk(base: string, script: string): Promise<number> {
  const { stdout } = await runFile('wrk', ['-t1', '-c32', `-d${secondsPerRound}s`, '-s', script, base]);
  if (/Non-2xx/.test(stdout)) throw new Error(`expected only answers of 200, got:\n${stdout}`);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`expected a rate from wrk, got:\n${stdout}`);
  return Number(rate);
}

/** The responder of openssl with a key of its own, asked about a certificate that it does not know: it signs all the same. */
async function measureOpenssl({ installation }: Deployment, issued: Issued | undefined): Promise<number> {
  if (!issued) throw new TypeError('expected a certificate');
  const at = (name: string) => join(installation.folder, name);
  const port = await chooseFreePort();
  await writeFile(at('peer.key'), encodePem('PRIVATE KEY', await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' })));
  const subject = ['-subj', '/CN=peer', '-days', '2'];
  await runFile('openssl', ['req', '-x509', '-key', at('peer.key'), ...subject, '-out', at('peer.pem')]);
  await writeFile(at('index.txt'), '');
  const body = await encodeFor(issued);
  await writeFile(at('peer.lua'), formatScript([{ path: '/', body }]), 'latin1');
  const signer = ['-CA', at('peer.pem'), '-rsigner', at('peer.pem'), '-rkey', at('peer.key')];
  // Its workers end at the first connection without a request, such as wrk's first one; with this they are started again.
  const child = spawn(
    'openssl',
    ['ocsp', '-multi', '2', '-index', at('index.txt'), '-port', String(port), ...signer, '-ndays', '1'],
    {
      stdio: 'ignore',
    },
  );
  try {
    await waitUntilItAnswers(port, body);
    return await runWrk(`http://127.0.0.1:${port}`, at('peer.lua'));
  } finally {
    await stop(child);
  }
}

/** By a sound request: at others it ends. */
async function waitUntilItAnswers(port: number, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const headers = { 'content-type': 'application/ocsp-request' };
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body, signal: AbortSignal.timeout(2000) });
  for (let tries = 0; tries < 100; tries++) {
    if (await ask().then(Boolean, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('expected openssl ocsp to answer');
}

/** With its workers, for which it would wait; it has put itself at the head of a group with them. */
function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return Promise.resolve();
  const { pid } = child;
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    process.kill(-pid, 'SIGKILL');
  });
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
