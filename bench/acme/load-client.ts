/** A lean ACME client for load: keep-alive, prepared requests for certificates, little waiting between looks. */
import type { KeyObject } from 'node:crypto';
import { Agent, request as sendRequest } from 'node:https';
import {
  createAccountKey,
  createCsr,
  jwkOf,
  signJws,
  thumbprintOf,
} from '../../packages/server/test/pki/acme/client.ts';

interface Reply {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
}

interface Order {
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
}

interface Authorization {
  readonly status: string;
  readonly challenges: readonly { readonly type: string; readonly url: string; readonly token: string }[];
}

/** How long an order may take to change its state; a lost one must not hold up the bench for ever. */
const patienceMs = 30_000;

/** Between two looks at most: validation may take seconds, and looking costs the server that is measured. */
const maxPauseMs = 250;

/** Requests that a server may refuse for their nonce, one after the other, until it is taken for broken. */
const maxRefusedNonces = 10;

/** Where challenges are served: what a file at a token says. */
export type Tokens = Map<string, string>;

/** One account of a server, ordering one certificate after the other. */
export class LoadClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  readonly #key: KeyObject = createAccountKey();
  readonly #thumbprint = thumbprintOf(this.#key);
  readonly #tokens: Tokens;
  readonly #directory: Directory;
  #nonce = '';
  #kid = '';
  #requests = 0;

  private constructor(directory: Directory, tokens: Tokens) {
    this.#directory = directory;
    this.#tokens = tokens;
  }

  /** Opens an account at the directory. */
  static async open(url: string, tokens: Tokens): Promise<LoadClient> {
    const agent = new Agent({ rejectUnauthorized: false });
    const { text } = await send(url, { method: 'GET', agent });
    const client = new LoadClient(JSON.parse(text) as Directory, tokens);
    const { newAccount, newNonce } = client.#directory;
    client.#nonce = (await send(newNonce, { method: 'HEAD', agent })).nonce;
    const opened = await client.#post(newAccount, '{"termsOfServiceAgreed":true}');
    client.#kid = opened.location;
    return client;
  }

  /** One certificate for `name`, from the order to the chain in hand. `csr` is base64url. */
  async obtain(name: string, csr: string): Promise<string> {
    const identifiers = [{ type: 'dns', value: name }];
    const placed = await this.#post(this.#directory.newOrder, JSON.stringify({ identifiers }));
    let order = JSON.parse(placed.text) as Order;
    for (const url of order.authorizations) await this.#prove(url);
    if (order.status !== 'ready') order = await this.#waitFor(placed.location, ['ready']);
    order = JSON.parse((await this.#post(order.finalize, JSON.stringify({ csr }))).text) as Order;
    if (order.status !== 'valid') order = await this.#waitFor(placed.location, ['valid']);
    return (await this.#post(order.certificate ?? '', '')).text;
  }

  async #prove(url: string): Promise<void> {
    const { status, challenges } = JSON.parse((await this.#post(url, '')).text) as Authorization;
    const challenge = challenges.find(({ type }) => type === 'http-01');
    if (status !== 'pending' || !challenge) return;
    this.#tokens.set(challenge.token, `${challenge.token}.${this.#thumbprint}`);
    await this.#post(challenge.url, '{}');
    await this.#waitFor(url, ['valid']);
    this.#tokens.delete(challenge.token);
  }

  async #waitFor(url: string, states: readonly string[]): Promise<Order> {
    const until = performance.now() + patienceMs;
    for (let pauseMs = 1; performance.now() < until; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      const { text } = await this.#post(url, '');
      const order = JSON.parse(text) as Order;
      if (states.includes(order.status)) return order;
      if (order.status === 'invalid') throw new Error(`expected ${url} to become ${states}, got ${text}`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new Error(`expected ${url} to become ${states} within ${patienceMs} ms`);
  }

  /** How many requests it has signed. */
  get requests(): number {
    return this.#requests;
  }

  /** Sends `count` signed requests that ask for nothing. */
  async knock(count: number): Promise<void> {
    const payload = JSON.stringify({ identifiers: [{ type: 'dns', value: 'host.bench.test' }] });
    for (let sent = 0; sent < count; sent++) await this.#post(this.#directory.newAccount, payload);
  }

  async #post(url: string, payload: string): Promise<Reply> {
    const who = this.#kid === '' ? { jwk: jwkOf(this.#key) } : { kid: this.#kid };
    for (let refused = 0; ; refused++) {
      const jws = signJws(this.#key, { alg: 'ES256', nonce: this.#nonce, url, ...who }, payload);
      const reply = await send(url, { method: 'POST', agent: this.#agent, body: JSON.stringify(jws) });
      this.#nonce = reply.nonce;
      this.#requests += 1;
      if (reply.status < 400) return reply;
      // RFC 8555, 6.5: Pebble refuses good nonces now and then, unless it is told not to.
      const isNonce = reply.text.includes('urn:ietf:params:acme:error:badNonce') && refused < maxRefusedNonces;
      if (!isNonce) throw new Error(`${url} answered ${reply.status}: ${reply.text}`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A request for a certificate for `name`, with a key of its own. */
export function prepareCsr(name: string): Promise<string> {
  return createCsr({ names: [name] });
}

interface Sending {
  readonly method: string;
  readonly agent: Agent;
  readonly body?: string;
}

function send(url: string, { method, agent, body }: Sending): Promise<Reply & { readonly nonce: string }> {
  const headers = body === undefined ? {} : { 'content-type': 'application/jose+json', 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const sent = sendRequest(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { 'replay-nonce': nonce, location = '' } = response.headers;
        resolve({ status: response.statusCode ?? 0, location, nonce: String(nonce ?? ''), text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
