/** A registry of the tests that does what it is told: with referrers, tokens and pages, and as badly as a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf, type ImageStore } from './images.ts';

/** Answers instead of the registry; `false` when it does not. */
type Sabotage = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

/** One repository, `org/app`, in memory. */
export interface MemoryRegistry extends ImageStore {
  readonly host: string;
  /** Methods and paths of the requests, in order. */
  readonly requests: string[];
  readonly tags: Map<string, string>;
  readonly contents: Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>;
  /** Descriptors by subject; a subject without any has an empty list. */
  readonly referrers: Map<string, object[]>;
  sabotage: Sabotage | undefined;
  clear(): void;
  close(): void;
}

/** Starts one. */
export async function startMemoryRegistry(): Promise<MemoryRegistry> {
  const server = createServer((request, response) => answer(images, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const images: MemoryRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ requests: [], tags: new Map(), contents: new Map(), referrers: new Map(), sabotage: undefined },
    putBlob: async (bytes) => {
      images.contents.set(digestOf(bytes), { bytes, mediaType: 'application/octet-stream' });
    },
    putManifest: async (reference, bytes, mediaType) => {
      const digest = digestOf(bytes);
      images.contents.set(digest, { bytes, mediaType });
      if (reference !== digest) images.tags.set(reference, digest);
    },
    clear: () => {
      for (const held of [images.tags, images.contents, images.referrers]) held.clear();
      images.sabotage = undefined;
      images.requests.length = 0;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return images;
}

function answer(images: MemoryRegistry, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? '';
  const path = url.replace('/v2/org/app/', '');
  images.requests.push(`${request.method} ${path}`);
  if (images.sabotage?.(request, response, path)) return;
  const [, kind, reference = ''] = /^(manifests|blobs|referrers|tags)\/([^?]*)/.exec(path) ?? [];
  if (kind === 'tags') sendTags(images, url, response);
  else if (kind === 'referrers') {
    send(response, JSON.stringify({ schemaVersion: 2, manifests: images.referrers.get(reference) ?? [] }));
  } else sendContent(images, { request, reference: kind === undefined ? '' : reference, response });
}

function sendContent(
  { tags, contents }: MemoryRegistry,
  {
    request,
    reference,
    response,
  }: { readonly request: IncomingMessage; readonly reference: string; readonly response: ServerResponse },
): void {
  const digest = tags.get(reference) ?? reference;
  const content = contents.get(digest);
  if (!content) fail(response, 404);
  else {
    response.writeHead(200, { 'content-type': content.mediaType, 'docker-content-digest': digest });
    response.end(request.method === 'HEAD' ? undefined : content.bytes);
  }
}

/** Three a page. */
function sendTags({ tags }: MemoryRegistry, url: string, response: ServerResponse): void {
  const last = new URL(url, 'http://registry').searchParams.get('last') ?? '';
  const left = [...tags.keys()].sort().filter((tag) => tag > last);
  if (left.length > 3) response.setHeader('link', `</v2/org/app/tags/list?n=3&last=${left[2]}>; rel="next"`);
  send(response, JSON.stringify({ name: 'org/app', tags: left.slice(0, 3) }));
}

/** Sends JSON. */
export function send(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
}

/** Sends a status. */
export function fail(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, headers).end('{"errors":[]}');
}
