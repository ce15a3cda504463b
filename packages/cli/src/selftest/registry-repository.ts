/** A repository in a registry that runs (OCI Distribution 1.1): anonymous, or with a name and a password (RFC 7617). */
import { Failure } from '../terminal/failure.ts';
import type { ScratchRepository } from './scratch-repository.ts';

/** Where it is, and who pushes. */
export interface RegistryPlace {
  readonly origin: string;
  readonly host: string;
  readonly repository: string;
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  readonly fetch: typeof globalThis.fetch;
}

const timeoutMs = 30_000;

/** Opens it. Nobody is asked before something is put; what a registry refuses is thrown as Failure. */
export function openRegistryRepository(place: RegistryPlace): ScratchRepository {
  const base = `${place.origin}/v2/${place.repository}`;
  const send = (method: string, url: string, request: Request = {}) => ask(place, method, { url, ...request });
  return {
    name: `${place.host}/${place.repository}`,
    putBlob: async (digest, bytes) => {
      const begun = await send('POST', `${base}/blobs/uploads/`);
      const url = new URL(begun.headers.get('location') ?? '', `${base}/`);
      if (url.origin !== new URL(place.origin).origin)
        throw new Failure('refused', `${place.host} sends uploads elsewhere`);
      url.searchParams.set('digest', digest);
      await send('PUT', url.href, { bytes, type: 'application/octet-stream' });
    },
    putManifest: async (reference, bytes, type) => {
      await send('PUT', `${base}/manifests/${reference}`, { bytes, type });
    },
    remove: async (digest) => {
      await send('DELETE', `${base}/manifests/${digest}`);
    },
    close: async () => {},
  };
}

interface Request {
  readonly bytes?: Uint8Array;
  readonly type?: string;
}

async function ask(
  { host, credentials, fetch }: RegistryPlace,
  method: string,
  { url, bytes, type }: Request & { readonly url: string },
): Promise<Response> {
  const name = credentials && Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  const headers = { ...(name && { authorization: `Basic ${name}` }), ...(type && { 'content-type': type }) };
  const body = bytes && { body: new Uint8Array(bytes) };
  // A redirect would take name and password along.
  const options = { method, headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs), ...body } as const;
  const response = await fetch(url, options).catch((cause: unknown) => {
    throw new Failure('unavailable', `${host} does not answer`, { cause });
  });
  await response.arrayBuffer();
  if (response.ok) return response;
  throw new Failure('refused', `${host} answered ${response.status} to ${method}`, {
    hint: response.status === 401 ? 'give a file of names and passwords: --registry-config' : undefined,
  });
}
