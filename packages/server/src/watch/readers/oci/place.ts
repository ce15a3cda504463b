/** Where a repository of images is read: the API of its registry (OCI Distribution 1.1). */
import { parseHost } from '../../sources/host.ts';

/** A repository and its registry. */
export interface Place {
  /** The registry as keys name it, for which there may be credentials: `docker.io`, `host:port`. */
  readonly registry: string;
  readonly repository: string;
  /** Of the API, without a slash at its end. */
  readonly origin: string;
}

/** Docker Hub's name is none of a machine that answers. */
const apiHosts: ReadonlyMap<string, string> = new Map([['docker.io', 'registry-1.docker.io']]);

/** The place of a source. `plainHosts`: those that speak HTTP without TLS. Throws a TypeError for a key of another ecosystem. */
export function parsePlace(key: string, plainHosts: ReadonlySet<string>): Place {
  const [, registry = '', repository = ''] = /^oci:([^/]+)\/(.+)$/s.exec(key) ?? [];
  const host = parseHost(registry);
  if (!host) throw new TypeError(`expected the key of an image, got ${key}`);
  const scheme = plainHosts.has(registry) ? 'http' : host.scheme;
  return { registry, repository, origin: `${scheme}://${apiHosts.get(registry) ?? registry}` };
}
