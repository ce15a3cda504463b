/** Which server, which organisation, and who asks. */
import type { Invocation } from '../command.ts';
import { Failure } from '../terminal/failure.ts';
import { Client } from './client.ts';
import {
  type ClientCertificate,
  certificateHeaders,
  createCertificateFetch,
  readClientCertificate,
} from './client-certificate.ts';
import { headersOf, readCredentials } from './credentials.ts';

const defaultServer = 'http://127.0.0.1:8787';

/** A client with a client certificate, SIGNPOST_API_KEY, or else the last login to this server, if there is one. Throws Failure `usage` for an address that must not be used. */
export async function connect(invocation: Invocation): Promise<Client> {
  const { environment, fetch } = invocation;
  const base = await resolveBase(invocation);
  const certificate = await readClientCertificate(invocation);
  if (certificate) return connectWithCertificate(base, certificate);
  const kept = (await readCredentials(environment.configDir)).find((login) => login.base === base);
  const proof = environment.apiKey === undefined ? kept : { apiKey: environment.apiKey };
  if (proof === undefined) return new Client({ base, fetch });
  assertPrivate(invocation, base);
  return new Client({ base, credential: headersOf(proof), isPerson: 'cookie' in proof, fetch });
}

function connectWithCertificate(base: string, certificate: ClientCertificate): Client {
  if (!base.startsWith('https:')) {
    throw new Failure('usage', `a client certificate is shown over HTTPS only, and the server is ${base}`);
  }
  return new Client({ base, credential: certificateHeaders, fetch: createCertificateFetch(certificate) });
}

/** A client that must be somebody: fails with a hint before the server would. */
export async function connectAuthenticated(invocation: Invocation): Promise<Client> {
  const client = await connect(invocation);
  if (!client.isAuthenticated) {
    throw new Failure('refused', `you are not logged in to ${client.base}, and there is no API key`, {
      hint: 'signpost login, set SIGNPOST_API_KEY, or give --client-cert',
      code: 'unauthenticated',
    });
  }
  return client;
}

/** A client without credentials, for logging in. */
export async function connectForLogin(invocation: Invocation): Promise<Client> {
  const base = await resolveBase(invocation);
  assertPrivate(invocation, base);
  return new Client({ base, fetch: invocation.fetch });
}

/** `--server` and `--org`, the environment, the last login, or this machine; without a trailing slash. */
export async function resolveBase({ options, environment }: Invocation): Promise<string> {
  const organisation = options.text('org');
  const named = options.text('server') ?? environment.server;
  if (named === undefined && organisation === undefined) {
    const [last] = await readCredentials(environment.configDir);
    return last?.base ?? defaultServer;
  }
  const server = parseServer(named ?? defaultServer);
  return organisation === undefined
    ? server
    : `${server.replace(/\/o\/[^/]+$/, '')}/o/${parseOrganisation(organisation)}`;
}

function parseServer(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new Failure('usage', 'expected --server to be a URL such as https://updates.example.org', {
      hint: 'no user name, query or fragment',
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function parseOrganisation(text: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,48}[a-z0-9]$/.test(text))
    throw new Failure('usage', `expected --org to be a slug, got "${text}"`);
  return text;
}

/** Credentials travel in the clear only on this machine, or when somebody insists. */
function assertPrivate({ options }: Invocation, base: string): void {
  const { protocol, hostname } = new URL(base);
  const local = ['localhost', '[::1]'].includes(hostname) || /^127(?:\.\d{1,3}){3}$/.test(hostname);
  if (protocol === 'https:' || local || options.flag('plain-http')) return;
  throw new Failure('usage', `credentials would travel to ${hostname} unencrypted`, {
    hint: 'use https://, or --plain-http inside a network that you trust',
  });
}
