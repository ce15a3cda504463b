/** Where something is fetched from: any web server, or a registry (OCI Distribution 1.1). */
import { TrustError } from '../errors.ts';

/** A place, as its user names it. */
export type Location =
  | { readonly kind: 'web'; readonly url: string }
  | {
      readonly kind: 'oci';
      /** `https://host`, without a slash at the end. */
      readonly origin: string;
      readonly repository: string;
      /** `sha256:…`, or a tag. */
      readonly reference: string;
    };

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/i;
/** The name of a repository (OCI Distribution 1.1, "Pulling manifests"). */
export const repositoryPattern: RegExp =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
/** A tag of one. */
export const tagPattern: RegExp = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Parses `https://…`, `http://…` or `oci://host/repository@sha256:…` (or `:tag`). Throws `malformed`; also for credentials in a URL. */
export function parseLocation(text: string): Location {
  if (text.startsWith('oci://')) return parseRegistryLocation(text.slice('oci://'.length));
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new TrustError('malformed', 'expected https://… or oci://host/repository@sha256:…, without credentials');
  }
  url.hash = '';
  return { kind: 'web', url: url.href };
}

function parseRegistryLocation(text: string): Location {
  const slash = text.indexOf('/');
  const [host, path] = [text.slice(0, slash), text.slice(slash + 1)];
  const [, repository = '', digest, tag] = /^([^@:]*)(?:@(sha256:[0-9a-f]{64})|:([^@:]+))$/.exec(path) ?? [];
  const isWhole = slash > 0 && hostPattern.test(host) && repositoryPattern.test(repository);
  if (!isWhole || (digest === undefined && !tagPattern.test(tag ?? ''))) {
    throw new TrustError('malformed', 'expected oci://host/repository@sha256:HEX or oci://host/repository:tag');
  }
  return {
    kind: 'oci',
    origin: `${isLoopback(host) ? 'http' : 'https'}://${host}`,
    repository,
    reference: digest ?? tag ?? '',
  };
}

/** As other clients of registries have it: a registry on this machine speaks plain HTTP. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\])(?::[0-9]+)?$/i.test(host);
}
