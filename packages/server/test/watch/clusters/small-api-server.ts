/** A small API server of Kubernetes: lists pods in pages and streams their changes, over TLS by an authority of its own. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';

/** An authority with a certificate for this machine, and one for a client. PEM. */
export interface ClusterKeys {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

/** Makes them by openssl. */
export function createClusterKeys(): ClusterKeys {
  const dir = mkdtempSync(join(tmpdir(), 'signpost-cluster-'));
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: dir, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256', '-days', '30'];
  const issue = (name: string, extension: string) => {
    const words = [
      'req',
      '-x509',
      ...curve,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-subj',
      `/O=system:masters/CN=${name}`,
    ];
    openssl(
      ...words,
      '-addext',
      extension,
      '-addext',
      'basicConstraints=CA:FALSE',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
  };
  try {
    openssl('req', '-x509', ...curve, '-subj', '/CN=cluster', '-keyout', 'ca.key', '-out', 'ca.pem');
    issue('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
    issue('client', 'extendedKeyUsage=clientAuth');
    const read = (name: string) => readFileSync(join(dir, name), 'utf8');
    const [clientCertificate, clientKey] = [read('client.pem'), read('client.key')];
    return {
      ca: read('ca.pem'),
      certificate: read('server.pem'),
      key: read('server.key'),
      clientCertificate,
      clientKey,
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** An object as the API has it. */
export type ApiObject = Record<string, unknown> & {
  metadata: { name: string; namespace?: string; resourceVersion?: string; uid?: string };
};

/** What a request is answered with. */
export interface ApiReply {
  readonly status: number;
  readonly body: unknown;
}

/** A pod with containers by name: the image as written, and what the runtime says of it. */
export function podOf(
  name: string,
  images: Readonly<Record<string, readonly [reference: string, imageId?: string]>>,
  { namespace = 'shop', ...metadata }: Record<string, unknown> & { namespace?: string } = {},
): ApiObject {
  const all = Object.entries(images);
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, uid: `${namespace}-${name}`, ...metadata } },
    spec: { containers: all.map(([container, [image]]) => ({ name: container, image })) },
    status: {
      phase: 'Running',
      containerStatuses: all.map(([container, [image, imageID = '']]) => ({ name: container, image, imageID })),
    },
  };
}

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
  readonly version: number;
}

/** See the file. */
export class SmallApiServer {
  readonly token = 'token-of-the-watch';
  readonly requests: string[] = [];
  /** Called for each request, before it is answered. */
  asked: (request: string) => void = () => undefined;
  /** What else is answered; undefined: 404. */
  answer: (request: IncomingMessage, body: string) => Promise<ApiReply | undefined> = async () => undefined;
  /** Instead of an answer. */
  failure: { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> } | undefined;
  readonly #server: Server;
  readonly #pods = new Map<string, ApiObject>();
  readonly #watchers = new Set<ServerResponse>();
  #changes: Change[] = [];
  #version = 100;
  #oldest = 0;

  constructor({ ca, certificate, key }: ClusterKeys) {
    this.#server = createServer({ ca, cert: certificate, key, requestCert: true, rejectUnauthorized: false });
    this.#server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response),
    );
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.url;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get watching(): number {
    return this.#watchers.size;
  }

  put(pod: ApiObject): void {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.#change(this.#pods.has(key) ? 'MODIFIED' : 'ADDED', pod);
    this.#pods.set(key, pod);
  }

  remove(name: string, namespace = 'shop'): void {
    const pod = this.#pods.get(`${namespace}/${name}`);
    if (!pod) throw new Error(`expected a pod ${name}`);
    this.#pods.delete(`${namespace}/${name}`);
    this.#change('DELETED', pod);
  }

  /** Forgets what happened: watches and continuations from before are gone. */
  forget(): void {
    this.#changes = [];
    this.#oldest = ++this.#version;
  }

  /** Sends to all who watch. */
  tell(event: unknown): void {
    for (const response of this.#watchers)
      response.write(typeof event === 'string' ? event : `${JSON.stringify(event)}\n`);
  }

  endWatches(): void {
    for (const response of this.#watchers) response.end();
  }

  #change(type: Change['type'], pod: ApiObject): void {
    this.#version += 1;
    pod.metadata.resourceVersion = String(this.#version);
    const change = { type, object: structuredClone(pod), version: this.#version };
    this.#changes.push(change);
    this.tell({ type, object: change.object });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    this.asked(String(request.url));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { failure } = this;
    if (failure) {
      response.writeHead(failure.status, failure.headers).end(failure.body);
      return;
    }
    const isKnown =
      request.headers.authorization === `Bearer ${this.token}` || (request.socket as TLSSocket).authorized === true;
    const url = new URL(request.url ?? '/', this.url);
    if (!isKnown) send(response, { status: 401, body: statusOf(401, 'Unauthorized') });
    else if (request.method === 'GET' && url.pathname === '/api/v1/pods') this.#read(url.searchParams, response);
    else send(response, (await this.answer(request, Buffer.concat(chunks).toString())) ?? notFound);
  }

  #read(query: URLSearchParams, response: ServerResponse): void {
    if (query.get('watch') === '1' || query.get('watch') === 'true') this.#watch(query, response);
    else send(response, this.#list(query));
  }

  #list(query: URLSearchParams): ApiReply {
    const [version = String(this.#version), offset = '0'] = (query.get('continue') ?? undefined)?.split(':') ?? [];
    if (Number(version) < this.#oldest) return { status: 410, body: statusOf(410, 'Expired') };
    const all = [...this.#pods.values()];
    const limit = Number(query.get('limit') ?? '0') || all.length;
    const from = Number(offset);
    const items = all.slice(from, from + limit);
    const more = from + limit < all.length ? { continue: `${version}:${from + limit}` } : {};
    return {
      status: 200,
      body: { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: version, ...more }, items },
    };
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    if (from < this.#oldest) {
      send(response, { status: 200, body: { type: 'ERROR', object: statusOf(410, 'Expired') } });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const { type, object, version } of this.#changes) {
      if (version > from) response.write(`${JSON.stringify({ type, object })}\n`);
    }
    this.#watchers.add(response);
    const end = setTimeout(() => response.end(), Number(query.get('timeoutSeconds') ?? '60') * 1000);
    response.on('close', () => {
      clearTimeout(end);
      this.#watchers.delete(response);
    });
  }
}

const notFound: ApiReply = { status: 404, body: statusOf(404, 'NotFound') };

/** An error as the API tells it. */
function statusOf(code: number, reason: string, message = reason) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

function send(response: ServerResponse, { status, body }: ApiReply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
