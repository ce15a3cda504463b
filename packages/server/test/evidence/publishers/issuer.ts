/** An OIDC issuer over HTTP, with discovery and keys, that gives builds whatever tokens a test asks for. */
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What may be said about a token; the rest is that of a release build of acme/rocket. */
export interface TokenWish {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: IssuerKeyPair;
  /** Makes the signature in another way than the key would. */
  readonly sign?: (message: string) => Buffer;
}

interface IssuerKeyPair {
  readonly id: string;
  readonly algorithm: 'RS256' | 'ES256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The issuer; what it answers can be changed while it runs. */
export class OidcIssuer {
  readonly url: string;
  keys: IssuerKeyPair[] = [createIssuerKey('first', 'RS256')];
  /** How often keys were asked for. */
  asked = 0;
  isDown = false;
  /** Members in the place of those of the configuration. */
  configuration: Readonly<Record<string, unknown>> = {};
  /** Further entries of the key set. */
  otherKeys: readonly unknown[] = [];
  readonly #now: () => number;
  readonly #close: () => Promise<void>;

  private constructor(url: string, now: () => number, close: () => Promise<void>) {
    this.url = url;
    this.#now = now;
    this.#close = close;
  }

  /** Listens on a free port. */
  static async open(now: () => number): Promise<OidcIssuer> {
    const server = createServer((request, response) => {
      const body = issuer.#answer(request.url ?? '', request.headers.authorization);
      response.writeHead(body === undefined ? 500 : 200, { 'content-type': 'application/json' });
      response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () => new Promise<void>((resolve) => void server.close(() => resolve()));
    const { port } = server.address() as AddressInfo;
    const issuer = new OidcIssuer(`http://127.0.0.1:${port}`, now, close);
    return issuer;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Where a build asks for its token, and what it shows there, as GitHub has it. */
  get buildVariables(): Readonly<Record<string, string>> {
    const url = `${this.url}/token?api-version=2.0`;
    return { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a runner' };
  }

  #answer(path: string, authorization: string | undefined): unknown {
    if (this.isDown) return undefined;
    const url = new URL(path, this.url);
    if (url.pathname === '/token' && authorization === 'Bearer a runner') {
      return { value: this.mint({ claims: { aud: url.searchParams.get('audience') } }) };
    }
    if (path === '/.well-known/openid-configuration') {
      return { issuer: this.url, jwks_uri: `${this.url}/jwks`, ...this.configuration };
    }
    if (path !== '/jwks') return undefined;
    this.asked += 1;
    return { keys: [...this.otherKeys, ...this.keys.map(describeKey)] };
  }

  /** A token of GitHub's shape. */
  mint({ claims = {}, header = {}, key = this.keys[0], sign: signOtherwise }: TokenWish = {}): string {
    if (!key) throw new TypeError('expected a key');
    const seconds = Math.floor(this.#now() / 1000);
    const all = { ...githubClaims, iss: this.url, jti: randomUUID(), iat: seconds, nbf: seconds, exp: seconds + 300 };
    const head = encode({ typ: 'JWT', alg: key.algorithm, kid: key.id, ...header });
    const message = `${head}.${encode({ ...all, ...claims })}`;
    const signature = signOtherwise
      ? signOtherwise(message)
      : sign('sha256', Buffer.from(message), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${message}.${signature.toString('base64url')}`;
  }
}

/** What the tests' server calls itself. */
export const audience = 'https://updates.example';

/** A build of the release workflow at a tag. */
const githubClaims = {
  sub: 'repo:acme/rocket:environment:release',
  aud: audience,
  repository: 'acme/rocket',
  repository_id: '4711',
  repository_owner: 'acme',
  repository_owner_id: '42',
  ref: 'refs/tags/v1.0.0',
  sha: 'c0ffee00'.repeat(5),
  workflow_ref: 'acme/rocket/.github/workflows/release.yml@refs/tags/v1.0.0',
  job_workflow_ref: 'acme/rocket/.github/workflows/release.yml@refs/tags/v1.0.0',
  environment: 'release',
  event_name: 'push',
  runner_environment: 'github-hosted',
  run_id: '99',
  run_attempt: '2',
  actor: 'ada',
  actor_id: '7',
} as const;

/** The publisher that it is. */
export function describePublisher(issuer: string) {
  return {
    ...{ platform: 'github', issuer, repository_id: '4711', repository: 'acme/rocket' },
    ...{ workflow: '.github/workflows/release.yml', ref: { pattern: 'refs/tags/v*' }, environment: 'release' },
  };
}

/** A key by its name. */
export function createIssuerKey(id: string, algorithm: 'RS256' | 'ES256'): IssuerKeyPair {
  const pair =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { id, algorithm, ...pair };
}

/** A code over a token, made with the public key as the secret. */
export function signByPublicKey({ publicKey }: IssuerKeyPair): (message: string) => Buffer {
  const secret = publicKey.export({ format: 'pem', type: 'spki' });
  return (message) => createHmac('sha256', secret).update(message).digest();
}

function describeKey({ id, algorithm, publicKey }: IssuerKeyPair): object {
  return { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig', x5c: ['MIIB'], x5t: 'abc' };
}

function encode(object: object): string {
  return Buffer.from(JSON.stringify(object)).toString('base64url');
}
