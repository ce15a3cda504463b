/** http-01 (RFC 8555, section 8.3): a file at a well-known path, over plain HTTP, redirects followed within bounds. */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { AcmeProblem } from '../problem.ts';
import { type Attempt, keyAuthorization, refuseConnection, tryAddresses } from './proof.ts';

const maxRedirects = 10;

/** A key authorisation takes 87 bytes. */
const maxBodyBytes = 1024;

/** Throws an `AcmeProblem` unless the host serves the key authorisation. */
export async function validateHttp(attempt: Attempt): Promise<void> {
  const { name, token, directory } = attempt;
  const host = isIP(name) === 6 ? `[${name}]` : name;
  const port = directory.httpPort === 80 ? '' : `:${directory.httpPort}`;
  let url = new URL(`http://${host}${port}/.well-known/acme-challenge/${token}`);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await fetchOnce(attempt, url);
    if (answer.location === undefined) return assertProof(attempt, answer);
    url = parseRedirect(attempt, { from: url, to: answer.location });
  }
  throw new AcmeProblem('connection', `expected at most ${maxRedirects} redirects`);
}

interface HttpAnswer {
  readonly status: number;
  readonly location?: string;
  readonly body: string;
}

function assertProof(attempt: Attempt, { status, body }: HttpAnswer): void {
  if (status !== 200) throw refuseAnswer(`expected status 200, got ${status}`);
  // RFC 8555, 8.3: white space at the end is ignored. What came is not repeated: it may be of an internal host.
  if (body.trimEnd() !== keyAuthorization(attempt))
    throw refuseAnswer('expected the key authorisation, got other text');
}

function refuseAnswer(message: string): AcmeProblem {
  return new AcmeProblem('incorrectResponse', message);
}

/** Ports 80 and 443, or those of the directory: a redirect is no way to ask other services. */
function parseRedirect({ directory }: Attempt, { from, to }: { from: URL; to: string }): URL {
  const url = URL.parse(to, from);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new AcmeProblem('connection', 'expected a redirect to an http: or https: URL');
  }
  const allowed = url.protocol === 'http:' ? [80, directory.httpPort] : [443, directory.tlsPort];
  if (!allowed.includes(portOf(url))) {
    throw new AcmeProblem('connection', `expected a redirect to port ${allowed[1]}, got ${portOf(url)}`);
  }
  return url;
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
}

async function fetchOnce(attempt: Attempt, url: URL): Promise<HttpAnswer> {
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const kind = isIP(name) === 0 ? 'dns' : 'ip';
  return tryAddresses(attempt, { kind, name }, (address) => send(url, address, attempt.signal));
}

function send(url: URL, address: string, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = openRequest(url, address, signal);
    request.on('error', (cause) => reject(refuseConnection(cause)));
    // Without a listener, Node closes the connection and tells nobody.
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(refuseAnswer('expected status 200, got 101'));
    });
    request.on('response', (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.end();
  });
}

function openRequest(url: URL, address: string, signal: AbortSignal): ClientRequest {
  const options = {
    ...{ host: address, port: portOf(url), path: `${url.pathname}${url.search}`, agent: false as const, signal },
    headers: { host: url.host, 'user-agent': 'signpost-acme', accept: '*/*', connection: 'close' },
  };
  if (url.protocol === 'http:') return requestHttp(options);
  // Whoever renews has an old certificate, or one of somebody else: the proof is the file, not the channel.
  const isName = isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0;
  return requestHttps({ ...options, rejectUnauthorized: false, ...(isName && { servername: url.hostname }) });
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = response;
  if (status >= 300 && status < 400 && headers.location !== undefined) {
    response.destroy();
    return { status, location: headers.location, body: '' };
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxBodyBytes) throw refuseAnswer(`expected at most ${maxBodyBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AcmeProblem ? error : refuseConnection(error);
  }
  return { status, body: Buffer.concat(chunks).toString('latin1') };
}
