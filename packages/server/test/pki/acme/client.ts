/** An ACME client for tests: it signs with Node's own crypto, and can say wrong things on purpose. */
import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createCertificateSigner } from '@signpost/protocol/keys/private-key';
import { parseAddress } from '@signpost/protocol/x509/address';
import { createName } from '@signpost/protocol/x509/name';
import { signRequest } from '@signpost/protocol/x509/request';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';

/** What came back; header names in lower case. */
export interface AcmeReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, for looking into. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** How a request differs from a right one. */
export interface Twist {
  /** Replaces members of the protected header; undefined takes one away. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Changes the JWS after it was signed. */
  readonly jws?: (jws: Record<string, string>) => unknown;
  readonly contentType?: string;
  /** Signs with the key itself instead of the account. */
  readonly byKey?: boolean;
  readonly key?: KeyObject;
  readonly method?: string;
}

/** Sends a request and returns the answer. */
export type Send = (request: Request) => Promise<Response> | Response;

/** The URL without origin that a directory has. */
export type Resource = 'newNonce' | 'newAccount' | 'newOrder' | 'revokeCert' | 'keyChange' | 'renewalInfo';

/** A key of an account. P-256 unless said otherwise. */
export function createAccountKey(kind: 'ES256' | 'ES384' | 'RS256' | 'EdDSA' = 'ES256'): KeyObject {
  if (kind === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kind === 'EdDSA') return generateKeyPairSync('ed25519').privateKey;
  return generateKeyPairSync('ec', { namedCurve: kind === 'ES256' ? 'P-256' : 'P-384' }).privateKey;
}

/** The public JWK of a key, members in the order of their names. */
export function jwkOf(key: KeyObject): Record<string, string> {
  const { d, dp, dq, p, q, qi, ...jwk } = key.export({ format: 'jwk' });
  return Object.fromEntries(Object.entries(jwk as Record<string, string>).sort());
}

/** RFC 7638. */
export function thumbprintOf(key: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(jwkOf(key)))
    .digest('base64url');
}

/** A flattened JWS; the payload is text as it stands. */
export function signJws(key: KeyObject, header: object, payload: string): Record<string, string> {
  const head = Buffer.from(JSON.stringify(header)).toString('base64url');
  const body = Buffer.from(payload).toString('base64url');
  const message = Buffer.from(`${head}.${body}`);
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const hash = key.asymmetricKeyType === 'ed25519' ? null : curve === 'secp384r1' ? 'sha384' : 'sha256';
  const signature = sign(hash, message, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return { protected: head, payload: body, signature };
}

/** An external account binding (RFC 8555, 7.3.4). */
export function bindAccount(key: KeyObject, url: string, { kid, secret }: { kid: string; secret: string }) {
  const head = Buffer.from(JSON.stringify({ alg: 'HS256', kid, url })).toString('base64url');
  const body = Buffer.from(JSON.stringify(jwkOf(key))).toString('base64url');
  const mac = createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${head}.${body}`);
  return { protected: head, payload: body, signature: mac.digest('base64url') };
}

/** The `alg` of a key. */
function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ES384' : 'ES256';
}

/** One client of one directory. */
export class AcmeClient {
  readonly key: KeyObject;
  readonly directory: Readonly<Record<Resource, string>> & { readonly meta: Readonly<Record<string, unknown>> };
  readonly #send: Send;
  kid: string | undefined;
  #nonce: string | undefined;

  private constructor(send: Send, directory: AcmeClient['directory'], key: KeyObject) {
    this.#send = send;
    this.directory = directory;
    this.key = key;
  }

  /** Reads the directory at `url`. */
  static async open(send: Send, url: string, key: KeyObject = createAccountKey()): Promise<AcmeClient> {
    const response = await send(new Request(url));
    if (!response.ok)
      throw new Error(`expected a directory at ${url}, got ${response.status} ${await response.text()}`);
    return new AcmeClient(send, (await response.json()) as AcmeClient['directory'], key);
  }

  /** The same, with an account. */
  static async register(send: Send, url: string, key: KeyObject = createAccountKey()): Promise<AcmeClient> {
    const client = await AcmeClient.open(send, url, key);
    const reply = await client.register();
    if (reply.status !== 201 && reply.status !== 200) throw new Error(`expected an account, got ${reply.text}`);
    return client;
  }

  async register(payload: object = { termsOfServiceAgreed: true }): Promise<AcmeReply> {
    const reply = await this.post(this.directory.newAccount, payload, { byKey: true });
    this.kid = reply.headers.get('location') ?? undefined;
    return reply;
  }

  async nonce(): Promise<string> {
    const response = await this.#send(new Request(this.directory.newNonce, { method: 'HEAD' }));
    return response.headers.get('replay-nonce') ?? '';
  }

  /** Posts a signed payload; '' reads. */
  async post(url: string, payload: object | string, twist: Twist = {}): Promise<AcmeReply> {
    const nonce = this.#nonce ?? (await this.nonce());
    this.#nonce = undefined;
    const key = twist.key ?? this.key;
    const who = twist.byKey || this.kid === undefined ? { jwk: jwkOf(key) } : { kid: this.kid };
    const header = { alg: algorithmOf(key), nonce, url, ...who, ...twist.header };
    const jws = signJws(key, header, typeof payload === 'string' ? payload : JSON.stringify(payload));
    const body = JSON.stringify(twist.jws ? twist.jws(jws) : jws);
    return this.send(url, body, twist);
  }

  /** Sends bytes as they are. */
  async send(url: string, body: string, { method = 'POST', contentType = 'application/jose+json' }: Twist = {}) {
    const response = await this.#send(new Request(url, { method, body, headers: { 'content-type': contentType } }));
    this.#nonce = response.headers.get('replay-nonce') ?? undefined;
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text) as Readonly<Record<string, unknown>>;
      },
    };
  }

  read(url: string): Promise<AcmeReply> {
    return this.post(url, '');
  }

  /** Reads until the status is another one. */
  async waitWhile(url: string, statuses: readonly string[]): Promise<AcmeReply> {
    let reply = await this.read(url);
    await waitUntil(`${url} to leave ${statuses.join(' and ')}`, async () => {
      if (!statuses.includes(String(reply.json.status))) return true;
      reply = await this.read(url);
      return false;
    });
    return reply;
  }
}

/** What a certification request says. */
export interface CsrWish {
  readonly names: readonly string[];
  readonly commonName?: string;
  readonly key?: KeyObject;
  readonly extra?: Parameters<typeof encodeExtensions>[0];
}

/** A certification request in base64url. */
export async function createCsr({ names, commonName, key = createAccountKey(), extra }: CsrWish): Promise<string> {
  const signer = await createCertificateSigner(new Uint8Array(key.export({ format: 'der', type: 'pkcs8' })));
  const general = names.map((text) => {
    const address = parseAddress(text);
    return address ? ({ kind: 'ip', address } as const) : ({ kind: 'dns', text } as const);
  });
  const extensions = encodeExtensions({
    ...(general.length > 0 && { subjectAlternativeName: { names: general } }),
    ...extra,
  });
  const subject = createName(commonName === undefined ? [] : [['CN', commonName]]);
  return Buffer.from(await signRequest({ subject, extensions }, signer)).toString('base64url');
}
