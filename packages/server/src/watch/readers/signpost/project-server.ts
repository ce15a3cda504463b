/** Requests to another Signpost, or a server that speaks its format (docs/protocol/client.md, "Fetching"). */
import { maxManifestBytes } from '@signpost/protocol/updates/manifest';
import { maxRootChainBytes, maxTrustListBytes } from '@signpost/protocol/updates/trust-list';
import type { Answer, Ask } from '../ask.ts';
import { originOf } from '../origin.ts';
import type { ReadSource } from '../reader.ts';

/** A project of a server. */
export interface AskedProject {
  /** Of its organisation, without a slash at the end. */
  readonly base: string;
  readonly slug: string;
  readonly signal: AbortSignal;
}

/** Bundles, which name what they are by their digest. */
const maxBundleBytes = 1024 * 1024;

/** Where a source is. */
export function locateProject(
  { key }: ReadSource,
  { plainHosts, signal }: { readonly plainHosts: ReadonlySet<string>; readonly signal: AbortSignal },
): AskedProject {
  const [host = '', ...path] = key.slice('signpost:'.length).split('/');
  const slug = path.pop() ?? '';
  return { base: [originOf(host, plainHosts), ...path].join('/'), slug, signal };
}

/** The manifest in service, unless the ETag is still the same. */
export function askManifest(ask: Ask, { base, slug, signal }: AskedProject, ifNoneMatch?: string): Promise<Answer> {
  return ask({ url: `${base}/api/projects/${slug}/manifest`, maxBytes: maxManifestBytes, ifNoneMatch, signal });
}

/** The trust list in force. */
export function askTrustList(ask: Ask, { base, signal }: AskedProject): Promise<Answer> {
  return ask({ url: `${base}/api/signing/trust`, maxBytes: maxTrustListBytes, signal });
}

/** Every trust list that changed the roots. */
export function askRootChanges(ask: Ask, { base, signal }: AskedProject): Promise<Answer> {
  return ask({ url: `${base}/api/signing/roots`, maxBytes: maxRootChainBytes, signal });
}

/** A document that a manifest names by a path on its server. */
export function askDocument(ask: Ask, { base, signal }: AskedProject, path: string): Promise<Answer> {
  return ask({ url: `${new URL(base).origin}${path}`, maxBytes: maxBundleBytes, signal });
}
