/** What is asked of two ACME servers to compare how they behave: each probe says in a few words what came of it. */
import {
  AcmeClient,
  type AcmeReply,
  createAccountKey,
  createCsr,
  jwkOf,
  type Resource,
  type Send,
  signJws,
} from '../../../packages/server/test/pki/acme/client.ts';
import { findChallenge, placeOrder, proveOrder, type SeenOrder } from '../../../packages/server/test/pki/acme/scene.ts';

/** A server, and the web server that every name leads to. */
export interface ProbedServer {
  readonly directoryUrl: string;
  readonly send: Send;
  /** Files by path. */
  readonly files: Map<string, string>;
}

/** What happens between a client and a server, in words. */
type Probe = (server: ProbedServer) => Promise<string>;

/** A probe by a client that has an account. */
function byAccount(probe: (client: AcmeClient, server: ProbedServer) => Promise<AcmeReply | string>): Probe {
  return async (server) => describe(await probe(await enrol(server), server));
}

/** A probe by a key that has none yet. */
function byStranger(probe: (client: AcmeClient) => Promise<AcmeReply>): Probe {
  return async ({ send, directoryUrl }) => describe(await probe(await AcmeClient.open(send, directoryUrl)));
}

function enrol({ send, directoryUrl }: ProbedServer): Promise<AcmeClient> {
  return AcmeClient.register(send, directoryUrl);
}

/** `400 malformed` of a problem, else `200 valid`. */
function describe(outcome: AcmeReply | string): string {
  if (typeof outcome === 'string') return outcome;
  const { status, text } = outcome;
  const json = text.startsWith('{') ? outcome.json : {};
  const said = json.type ?? json.status ?? '';
  return `${status} ${String(said).replace('urn:ietf:params:acme:error:', '')}`.trim();
}

let lastName = 0;

/** A name that nobody has asked for, so that no earlier proof counts. */
function freshName(): string {
  lastName += 1;
  return `n${lastName}.probe.test`;
}

function wishFor(...values: readonly string[]) {
  return { identifiers: values.map((value) => ({ type: 'dns', value })) };
}

function order(client: AcmeClient, wish: object): Promise<AcmeReply> {
  return client.post(client.directory.newOrder, wish);
}

interface Proven extends SeenOrder {
  readonly name: string;
}

async function placeProven(client: AcmeClient, server: ProbedServer): Promise<Proven> {
  const name = freshName();
  const placed = await placeOrder(client, [name]);
  await proveOrder(server, client, placed);
  await client.waitWhile(placed.url, ['pending']);
  return { ...placed, name };
}

/** The leaf of a certificate for a fresh name, in base64url. */
async function obtainLeaf(client: AcmeClient, server: ProbedServer, key = createAccountKey()): Promise<string> {
  const { url, finalize, name } = await placeProven(client, server);
  await client.post(finalize, { csr: await createCsr({ names: [name], key }) });
  const { json } = await client.waitWhile(url, ['ready', 'processing']);
  const pem = (await client.read(String(json.certificate))).text;
  const [base64 = ''] = pem.replace(/-----BEGIN CERTIFICATE-----/, '').split('-----END');
  return Buffer.from(base64, 'base64').toString('base64url');
}

function revoke(client: AcmeClient, certificate: string, reason?: number): Promise<AcmeReply> {
  return client.post(client.directory.revokeCert, { certificate, ...(reason !== undefined && { reason }) });
}

/** What became of a challenge, of its authorisation and of the order, where the web server says `text`. */
async function tryChallenge(client: AcmeClient, { files }: ProbedServer, text: string | undefined): Promise<string> {
  const placed = await placeOrder(client, [freshName()]);
  const [authorization = ''] = placed.authorizations;
  const { token, url } = await findChallenge(client, authorization, 'http-01');
  if (text !== undefined) files.set(`/.well-known/acme-challenge/${token}`, text);
  await client.post(url, {});
  const { json } = await client.waitWhile(authorization, ['pending']);
  const [tried] = json.challenges as { readonly status: string; readonly error?: { readonly type: string } }[];
  const ended = await client.waitWhile(placed.url, ['pending']);
  const type = tried?.error?.type.replace('urn:ietf:params:acme:error:', '');
  return `challenge ${tried?.status} ${type}, authorisation ${json.status}, order ${ended.json.status}`;
}

async function finish(client: AcmeClient, { finalize, url }: SeenOrder, csr: string): Promise<string> {
  const reply = await client.post(finalize, { csr });
  const { json } = await client.waitWhile(url, ['processing']);
  return `${describe(reply)}, order ${json.status}`;
}

function changeKey(client: AcmeClient, key = createAccountKey()): Promise<AcmeReply> {
  const { keyChange: url } = client.directory;
  const payload = JSON.stringify({ account: client.kid, oldKey: jwkOf(client.key) });
  return client.post(url, signJws(key, { alg: 'ES256', jwk: jwkOf(key), url }, payload));
}

/** How requests are signed and sent. */
const requestProbes: Readonly<Record<string, Probe>> = {
  'a nonce that nobody gave': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { nonce: 'AAAA' } }),
  ),
  'no nonce': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { nonce: undefined } }),
  ),
  'a request that comes a second time': byAccount(async (client) => {
    let sent = '';
    const keep = (jws: Record<string, string>) => {
      sent = JSON.stringify(jws);
      return jws;
    };
    await client.post(client.directory.newOrder, wishFor(freshName()), { jws: keep });
    return client.send(client.directory.newOrder, sent);
  }),
  'a request that was signed for another URL': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { url: client.directory.revokeCert } }),
  ),
  'an account that there is not': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { kid: `${client.kid}0` } }),
  ),
  'an account of another server': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { kid: 'https://elsewhere.test/1' } }),
  ),
  'a signature by another key': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { key: createAccountKey() }),
  ),
  'the algorithm none': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { alg: 'none' } }),
  ),
  'an algorithm of shared secrets': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { alg: 'HS256' } }),
  ),
  'the algorithm of another kind of key': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { alg: 'RS256' } }),
  ),
  'both an account and a key': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { jwk: jwkOf(client.key) } }),
  ),
  'neither account nor key': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { header: { kid: undefined } }),
  ),
  'a key where an account must sign': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { byKey: true }),
  ),
  'an account where a key must sign': byAccount((client) =>
    client.post(client.directory.newAccount, { termsOfServiceAgreed: true }),
  ),
  'a body of another type': byAccount((client) =>
    client.post(client.directory.newOrder, wishFor(freshName()), { contentType: 'application/json' }),
  ),
  'a body that is no JWS': byAccount((client) => client.send(client.directory.newOrder, '{}')),
  'a payload that is no JSON': byAccount((client) => client.post(client.directory.newOrder, 'nothing')),
  'a payload where one only reads': byAccount(async (client) =>
    client.post((await placeOrder(client, [freshName()])).url, {}),
  ),
};

/** An account by a key of this kind. */
function withKey(kind: Parameters<typeof createAccountKey>[0]): Probe {
  return async ({ send, directoryUrl }) =>
    describe(await (await AcmeClient.open(send, directoryUrl, createAccountKey(kind))).register());
}

/** A request that is none of ACME's, sent bare. */
function bare(method: string, resource: Resource): Probe {
  return async ({ send, directoryUrl }) => {
    const { directory } = await AcmeClient.open(send, directoryUrl);
    const { status, headers } = await send(new Request(directory[resource], { method }));
    return `${status} ${headers.has('replay-nonce') ? 'with a nonce' : 'without a nonce'}`;
  };
}

const bareProbes: Readonly<Record<string, Probe>> = {
  'a nonce by HEAD': bare('HEAD', 'newNonce'),
  'a nonce by GET': bare('GET', 'newNonce'),
  'a GET where only POST is': bare('GET', 'newOrder'),
};

const accountProbes: Readonly<Record<string, Probe>> = {
  'a new account': byStranger((client) => client.register()),
  'a new account by an RSA key': withKey('RS256'),
  'a new account by a key of P-384': withKey('ES384'),
  'a new account by an Ed25519 key': withKey('EdDSA'),
  'a new account without agreeing to the terms': byStranger((client) => client.register({})),
  'a contact of an unknown kind': byStranger((client) =>
    client.register({ termsOfServiceAgreed: true, contact: ['tel:+12025551212'] }),
  ),
  'a contact that is no address': byStranger((client) =>
    client.register({ termsOfServiceAgreed: true, contact: ['mailto:nobody'] }),
  ),
  'an account looked for that there is not': byStranger((client) => client.register({ onlyReturnExisting: true })),
  'an account looked for that there is': byAccount((client) => client.register({ onlyReturnExisting: true })),
  'an account made a second time': byAccount((client) => client.register()),
  'another key': byAccount((client) => changeKey(client)),
  'the key of another account': byAccount(async (client, server) => changeKey(client, (await enrol(server)).key)),
  'an account that ends': byAccount((client) => client.post(String(client.kid), { status: 'deactivated' })),
  'a request by an account that has ended': byAccount(async (client) => {
    await client.post(String(client.kid), { status: 'deactivated' });
    return order(client, wishFor(freshName()));
  }),
  'the account of somebody else': byAccount(async (client, server) => client.read(String((await enrol(server)).kid))),
};

const orderProbes: Readonly<Record<string, Probe>> = {
  'an order': byAccount((client) => order(client, wishFor(freshName()))),
  'an order for nothing': byAccount((client) => order(client, wishFor())),
  'an identifier of an unknown kind': byAccount((client) =>
    order(client, { identifiers: [{ type: 'email', value: 'ops@probe.test' }] }),
  ),
  'a name that is none': byAccount((client) => order(client, wishFor('a..probe.test'))),
  'a name with an underscore': byAccount((client) => order(client, wishFor('a_b.probe.test'))),
  'a wildcard in the middle': byAccount((client) => order(client, wishFor('a.*.probe.test'))),
  'an address as a name': byAccount((client) => order(client, wishFor('127.0.0.1'))),
  'an address that is none': byAccount((client) =>
    order(client, { identifiers: [{ type: 'ip', value: '127.0.0.256' }] }),
  ),
  'a wildcard': byAccount(async (client) => {
    const placed = await placeOrder(client, [`*.${freshName()}`]);
    const { json } = await client.read(placed.authorizations[0] ?? '');
    const types = (json.challenges as { readonly type: string }[]).map(({ type }) => type);
    return `${json.status} ${types.join()}`;
  }),
  'a beginning that is no time': byAccount((client) =>
    order(client, { ...wishFor(freshName()), notBefore: 'tomorrow' }),
  ),
  'an order that there is not': byAccount(async (client) =>
    client.read(`${(await placeOrder(client, [freshName()])).url}0`),
  ),
  'the order of somebody else': byAccount(async (client, server) => {
    const { url } = await placeOrder(await enrol(server), [freshName()]);
    return client.read(url);
  }),
  'an authorisation that is given up': byAccount(async (client) => {
    const { authorizations, url } = await placeOrder(client, [freshName()]);
    const reply = await client.post(authorizations[0] ?? '', { status: 'deactivated' });
    return `${describe(reply)}, order ${(await client.read(url)).json.status}`;
  }),
  'another key authorization': byAccount((client, server) => tryChallenge(client, server, 'something else')),
  'no key authorization': byAccount((client, server) => tryChallenge(client, server, undefined)),
};

const certificateProbes: Readonly<Record<string, Probe>> = {
  'a finalisation before the proofs': byAccount(async (client) => {
    const name = freshName();
    const { finalize } = await placeOrder(client, [name]);
    return client.post(finalize, { csr: await createCsr({ names: [name] }) });
  }),
  'a finalisation': byAccount(async (client, server) => {
    const proven = await placeProven(client, server);
    return finish(client, proven, await createCsr({ names: [proven.name] }));
  }),
  'a finalisation that comes a second time': byAccount(async (client, server) => {
    const proven = await placeProven(client, server);
    const csr = await createCsr({ names: [proven.name] });
    await finish(client, proven, csr);
    return finish(client, proven, csr);
  }),
  'a request for a certificate that is none': byAccount(async (client, server) =>
    finish(client, await placeProven(client, server), 'AAAA'),
  ),
  'a request for another name': byAccount(async (client, server) =>
    finish(client, await placeProven(client, server), await createCsr({ names: [freshName()] })),
  ),
  'a request by the key of the account': byAccount(async (client, server) => {
    const proven = await placeProven(client, server);
    return finish(client, proven, await createCsr({ names: [proven.name], key: client.key }));
  }),
  'a revocation': byAccount(async (client, server) => revoke(client, await obtainLeaf(client, server))),
  'a revocation by the key of the certificate': byAccount(async (client, server) => {
    const key = createAccountKey();
    const certificate = await obtainLeaf(client, server, key);
    return client.post(client.directory.revokeCert, { certificate }, { byKey: true, key });
  }),
  'a revocation that comes a second time': byAccount(async (client, server) => {
    const certificate = await obtainLeaf(client, server);
    await revoke(client, certificate);
    return revoke(client, certificate);
  }),
  'a revocation for a reason that there is not': byAccount(async (client, server) =>
    revoke(client, await obtainLeaf(client, server), 7),
  ),
  'a revocation by somebody else': byAccount(async (client, server) =>
    revoke(await enrol(server), await obtainLeaf(client, server)),
  ),
  'a revocation of what is no certificate': byAccount((client) => revoke(client, 'AAAA')),
};

/** All probes, by what is asked. */
export const probes: Readonly<Record<string, Probe>> = {
  ...bareProbes,
  ...requestProbes,
  ...accountProbes,
  ...orderProbes,
  ...certificateProbes,
};
