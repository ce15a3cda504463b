/** A registry in memory that anybody can read from (OCI Distribution 1.1, "Pull" and "Content Discovery"), as long as a self-test takes. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure } from '../terminal/failure.ts';
import { digestOf, type ScratchRepository } from './scratch-repository.ts';

interface Stored {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

const repository = 'signpost/selftest';
const base = `/v2/${repository}`;

/** Starts it at `address`, `127.0.0.1:5089`. Throws Failure when that is taken or is no address. */
export async function openLocalRegistry(address: string): Promise<ScratchRepository> {
  const [, host = '', port] = /^(127(?:\.\d{1,3}){3}|localhost|\[::1\]):(\d{1,5})$/.exec(address) ?? [];
  if (port === undefined) throw new Failure('usage', 'expected --listen to be on this machine, such as 127.0.0.1:5089');
  const content = new Map<string, Stored>();
  const tags = new Map<string, string>();
  const server = createServer(({ method, url = '' }, response) => {
    const path = new URL(url, 'http://registry.invalid').pathname;
    const found = method === 'GET' || method === 'HEAD' ? find(path, { content, tags }) : undefined;
    answer(response, found, method === 'HEAD');
  });
  server.listen(Number(port), host.replace(/^\[|\]$/g, ''));
  await once(server, 'listening').catch((cause: unknown) => {
    throw new Failure('refused', `${address} is taken`, {
      cause,
      hint: 'choose another with --listen, and list it in SIGNPOST_WATCH_HOSTS',
    });
  });
  return {
    name: `${host}:${(server.address() as AddressInfo).port}/${repository}`,
    putBlob: async (digest, bytes) => void content.set(digest, { bytes, mediaType: 'application/octet-stream' }),
    putManifest: async (reference, bytes, mediaType) => {
      const digest = digestOf(bytes);
      content.set(digest, { bytes, mediaType });
      if (reference !== digest) tags.set(reference, digest);
    },
    remove: async (digest) => void content.delete(digest),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Shelves {
  readonly content: ReadonlyMap<string, Stored>;
  readonly tags: ReadonlyMap<string, string>;
}

function find(path: string, { content, tags }: Shelves): Stored | undefined {
  if (path === '/v2/') return describe({});
  if (path === `${base}/tags/list`) return describe({ name: repository, tags: [...tags.keys()] });
  const [, kind, reference = ''] =
    /^\/(manifests|blobs)\/([^/]+)$/.exec(path.startsWith(base) ? path.slice(base.length) : '') ?? [];
  return kind === undefined ? undefined : content.get(tags.get(reference) ?? reference);
}

function describe(value: object): Stored {
  return { bytes: Buffer.from(JSON.stringify(value)), mediaType: 'application/json' };
}

function answer(response: ServerResponse, found: Stored | undefined, isHead: boolean): void {
  if (!found)
    return void response
      .writeHead(404, { 'content-type': 'application/json' })
      .end(isHead ? undefined : '{"errors":[]}');
  const { bytes, mediaType } = found;
  const headers = {
    'content-type': mediaType,
    'content-length': bytes.length,
    'docker-content-digest': digestOf(bytes),
  };
  response.writeHead(200, headers).end(isHead ? undefined : bytes);
}
