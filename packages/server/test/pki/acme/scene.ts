/** A server with an authority and ACME directories, a worker that validates, and a little Internet: names, texts, files. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../src/app.ts';
import type { DirectoryRules } from '../../../src/pki/acme/directories/directory.ts';
import { createDirectory, type Directory } from '../../../src/pki/acme/directories/directory.ts';
import { acmeDirectoryRoutes } from '../../../src/pki/acme/directories/routes.ts';
import { acmeRoutes } from '../../../src/pki/acme/routes.ts';
import { type AcmeState, createAcmeState } from '../../../src/pki/acme/state.ts';
import type { Resolver } from '../../../src/pki/acme/validation/resolver.ts';
import roles from '../../../src/roles.json' with { type: 'json' };
import type { Database } from '../../../src/storage/database.ts';
import { ownRoles } from '../../http/scene.ts';
import { silentLog } from '../../silent-log.ts';
import { createPkiScene, type PkiScene } from '../scene.ts';
import { AcmeClient, type AcmeReply, type CsrWish, createCsr, type Send, thumbprintOf } from './client.ts';

/** The base URL of every test. Nothing listens there: requests go to the application itself. */
export const baseUrl = 'https://ca.test';

/** What a test has in its hands. */
export interface AcmeScene extends PkiScene {
  readonly send: Send;
  /** Files by path that every host serves over HTTP, and TXT records by name. */
  readonly files: Map<string, string>;
  readonly texts: Map<string, readonly string[]>;
  readonly state: AcmeState;
  /** Makes a directory whose validation finds the little Internet. */
  addDirectory(name: string, rules?: Partial<DirectoryRules>): Promise<Directory>;
  /** A client with an account at the directory of that name. */
  enrol(directory?: string): Promise<AcmeClient>;
  close(): Promise<void>;
}

/** Opens it on an empty, migrated database, with a root, an authority `issuing` and a directory `main`. */
export async function openAcmeScene(database: Database): Promise<AcmeScene> {
  const pki = await createPkiScene(database);
  await pki.createRoot();
  await pki.createIntermediate();
  const files = new Map<string, string>();
  const texts = new Map<string, readonly string[]>();
  const web = await openWeb(files);
  const { now } = pki.dependencies;
  const resolver: Resolver = {
    findAddresses: async () => ['127.0.0.1'],
    findTexts: async (name) => texts.get(name) ?? [],
  };
  const waits = { pausesMs: [1, 1], patienceMs: 60_000 };
  const state = createAcmeState({ ...{ database, now, log: silentLog, resolver }, dnsServers: [], ...waits });
  const send = openApplication(pki, state);
  const addDirectory = (name: string, rules: Partial<DirectoryRules> = {}) =>
    createDirectory(pki.dependencies, pki.caller, { name, rules: { ...usualRules, httpPort: web.port, ...rules } });
  await addDirectory('main');
  return {
    ...{ ...pki, send, files, texts, state, addDirectory },
    enrol: (directory = 'main') => AcmeClient.register(send, `${baseUrl}/acme/${directory}/directory`),
    close: async () => {
      await state.validations.stop();
      web.server.close();
    },
  };
}

const usualRules: DirectoryRules = {
  authority: 'issuing',
  profiles: [
    { name: 'server', profile: 'server', description: 'For servers' },
    { name: 'shortlived', profile: 'server-short-lived', description: 'For a few days' },
  ],
  names: [],
  challenges: ['http-01', 'dns-01', 'tls-alpn-01'],
  limits: { accounts: 0, orders: 0, failures: 0 },
  bindingRequired: false,
  termsUrl: null,
  addresses: 'any',
  ...{ httpPort: 80, tlsPort: 443, state: 'open' },
};

function openApplication({ dependencies, parts }: PkiScene, state: ReturnType<typeof createAcmeState>): Send {
  const config = { baseUrl, listen: { host: '127.0.0.1', port: 0 } };
  const planes = [
    acmeDirectoryRoutes(dependencies),
    acmeRoutes({ ...parts, ...state, config, wakeWorker: () => undefined }),
  ];
  const acmeRoles = Object.fromEntries(Object.entries(roles).filter(([name]) => name.includes('/acme')));
  const app = createApp({
    ...{ ...dependencies, log: silentLog, version: '0.0.0-test', planes, listSealed: async () => [] },
    config: {
      ...config,
      tls: undefined,
      clientCertificates: 'off',
      trustedProxies: [],
      readsPerMinute: 0,
      loginsPerMinute: 1000,
      acmePerMinute: 0,
    },
    roles: { ...ownRoles, ...acmeRoles },
  });
  return (request) => app.fetch(request);
}

async function openWeb(
  files: ReadonlyMap<string, string>,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((request, response) => {
    const text = files.get(request.url ?? '');
    if (text?.startsWith('redirect:')) response.writeHead(302, { location: text.slice('redirect:'.length) }).end();
    else response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** A challenge of an authorisation as a client sees it. */
export interface SeenChallenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: string;
}

/** An order as a client sees it. */
export interface SeenOrder {
  readonly url: string;
  readonly reply: AcmeReply;
  readonly authorizations: readonly string[];
  readonly finalize: string;
}

/** Status and type of a problem: `400 malformed`. */
export function typeOf(reply: AcmeReply): string {
  return `${reply.status} ${String(reply.json.type).replace('urn:ietf:params:acme:error:', '')}`;
}

/** Asks for names; addresses are told apart by their form. */
export async function placeOrder(client: AcmeClient, names: readonly string[], more: object = {}): Promise<SeenOrder> {
  const identifiers = names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value }));
  const reply = await client.post(client.directory.newOrder, { identifiers, ...more });
  if (reply.status !== 201) throw new Error(`expected an order, got ${reply.text}`);
  const { authorizations, finalize } = reply.json as { authorizations: string[]; finalize: string };
  return { url: reply.headers.get('location') ?? '', reply, authorizations, finalize };
}

/** The challenge of that type. */
export async function findChallenge(client: AcmeClient, authorization: string, type: string): Promise<SeenChallenge> {
  const { challenges } = (await client.read(authorization)).json as { challenges: SeenChallenge[] };
  const found = challenges.find((challenge) => challenge.type === type);
  if (!found) throw new Error(`expected a challenge ${type}`);
  return found;
}

/** Proves every name of an order by http-01. */
export async function proveOrder(
  { files }: Pick<AcmeScene, 'files'>,
  client: AcmeClient,
  order: SeenOrder,
): Promise<void> {
  for (const url of order.authorizations) {
    if ((await client.read(url)).json.status === 'valid') continue;
    const { token, url: challenge } = await findChallenge(client, url, 'http-01');
    files.set(`/.well-known/acme-challenge/${token}`, `${token}.${thumbprintOf(client.key)}\n`);
    await client.post(challenge, {});
    const { json } = await client.waitWhile(url, ['pending']);
    if (json.status !== 'valid') throw new Error(`expected a valid authorisation, got ${JSON.stringify(json)}`);
  }
}

/** A certificate from beginning to end; the answer is the finished order. */
export async function obtain(
  scene: Pick<AcmeScene, 'files'>,
  client: AcmeClient,
  names: readonly string[],
  { csr = {}, more = {} }: { csr?: Partial<CsrWish>; more?: object } = {},
): Promise<AcmeReply> {
  const order = await placeOrder(client, names, more);
  await proveOrder(scene, client, order);
  return client.post(order.finalize, { csr: await createCsr({ names, ...csr }) });
}
