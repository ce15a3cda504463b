/** The limit of ACME on this runtime: HTTPS that verifies the signature of each request, and does nothing else. Run as a child process. */
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { argv } from 'node:process';
import { json } from 'node:stream/consumers';

interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

const [port = '', cert = '', key = ''] = argv.slice(2);
const base = `https://localhost:${port}`;
const keys: KeyObject[] = [];
/** As long as an order. */
const body = JSON.stringify({ newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: 'x'.repeat(400) });

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  answer(request, response).catch(() => response.writeHead(400).end());
});
server.listen(Number(port), '127.0.0.1');
await once(process, 'SIGTERM');
server.closeAllConnections();
server.close();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Replay-Nonce', 'a-nonce-that-counts-as-often-as-it-comes');
  if (request.method === 'POST') {
    const account = assertSigned((await json(request)) as Jws);
    response.setHeader('Location', `${base}/account/${account}`);
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(body);
}

/** The number of the account whose key signed: a new one when the request brings it along. */
function assertSigned({ protected: header, payload, signature }: Jws): number {
  const { jwk, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { jwk?: JsonWebKey; kid?: string };
  const account = jwk ? keys.push(createPublicKey({ key: jwk, format: 'jwk' })) - 1 : Number(kid?.split('/').at(-1));
  const known = keys[account];
  const message = Buffer.from(`${header}.${payload}`);
  const given = Buffer.from(signature, 'base64url');
  if (!known || !verify('sha256', message, { key: known, dsaEncoding: 'ieee-p1363' }, given)) {
    throw new Error('expected a signature by the account');
  }
  return account;
}
