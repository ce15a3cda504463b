/** The requests to one npm registry (npm/registry, docs/REGISTRY-API.md). */
import type { Answer, Ask } from '../ask.ts';
import type { Unanswered } from '../reader.ts';
import type { NpmSettings } from './npmrc.ts';

/** A package that is asked for. */
export interface AskedPackage {
  readonly name: string;
  /** With a slash at its end. */
  readonly registry: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** In bytes: packages with thousands of versions have documents of tens of megabytes. */
const maxPackumentBytes = 64 * 1024 * 1024;
const maxVersionBytes = 4 * 1024 * 1024;
const maxAttestationBytes = 8 * 1024 * 1024;
const maxKeysBytes = 256 * 1024;

/** The package as the settings have it read. */
export function locatePackage(
  settings: NpmSettings | undefined,
  name: string,
  signal: AbortSignal,
): AskedPackage | Unanswered {
  const registry = settings?.registryOf(name);
  if (!settings || registry === undefined) {
    return { kind: 'unknown', reason: 'no npm registry is configured (SIGNPOST_NPMRC)' };
  }
  return { name, registry, credentials: settings.credentialsOf(registry), signal };
}

/** All versions, unless the ETag is still the same. */
export function askPackument(ask: Ask, asked: AskedPackage, etag: string | undefined): Promise<Answer> {
  return get(ask, asked, { path: escapeName(asked.name), maxBytes: maxPackumentBytes, ifNoneMatch: etag });
}

/** One version. */
export function askVersion(ask: Ask, asked: AskedPackage, version: string): Promise<Answer> {
  const path = `${escapeName(asked.name)}/${encodeURIComponent(version)}`;
  return get(ask, asked, { path, maxBytes: maxVersionBytes });
}

/** The attestations of one version. Where they are is not taken from its document: that would lead anywhere. */
export function askAttestations(ask: Ask, asked: AskedPackage, version: string): Promise<Answer> {
  const path = `-/npm/v1/attestations/${escapeName(asked.name)}@${encodeURIComponent(version)}`;
  return get(ask, asked, { path, maxBytes: maxAttestationBytes });
}

/** The keys that the registry signs with. */
export function askKeys(ask: Ask, asked: AskedPackage): Promise<Answer> {
  return get(ask, asked, { path: '-/npm/v1/keys', maxBytes: maxKeysBytes });
}

function get(
  ask: Ask,
  { registry, credentials: headers, signal }: AskedPackage,
  { path, ...rest }: { readonly path: string; readonly maxBytes: number; readonly ifNoneMatch?: string | undefined },
): Promise<Answer> {
  return ask({ url: `${registry}${path}`, accept: 'application/json', headers, signal, ...rest });
}

/** The slash of a scope is part of the name, not of the path. */
function escapeName(name: string): string {
  return name.replace('/', '%2f');
}
