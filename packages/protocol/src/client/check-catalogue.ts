/** Reads the catalogue of a collection and finds out what may be installed of it (docs/protocol/catalogue.md, "What a client does"). */
import { TrustError } from '../errors.ts';
import { encodeTime } from '../json/time.ts';
import { type CatalogueEntry, maxCatalogueBytes } from '../updates/catalogue.ts';
import { slugPattern } from '../updates/names.ts';
import {
  type VerifiedCatalogue,
  type VerifiedCatalogueEntry,
  verifyCatalogue,
  verifyCatalogueEntry,
} from '../updates/verify-catalogue.ts';
import { type SeenAuthor, verifyAuthorKey, verifyCatalogueVersion, verifyCounter } from '../updates/verify-history.ts';
import { type VerifiedManifest, verifyAge } from '../updates/verify-manifest.ts';
import type { VerifiedTrustList } from '../updates/verify-trust-list.ts';
import { compareInstalled, defaultMaxAgeMs, type ReleaseCheck } from './check-for-update.ts';
import { type ClientContext, refreshTrust } from './refresh-trust.ts';
import { type ChannelCounter, type ClientState, raiseCatalogue, raiseCounters, replaceAuthors } from './state.ts';
import { fetchIfChanged } from './transport.ts';

/** What to look for. */
export interface CatalogueRequest {
  readonly collection: string;
  /** The version that runs, by the slug of each module that is installed. */
  readonly installed?: Readonly<Record<string, string>> | undefined;
  /** Where `base` is a mirror: how the server that signed calls itself, as its download URLs begin. */
  readonly servedAs?: string | undefined;
  /** By the slug of a module, the id of the key that its author has from now on: a person was asked, and said yes to this one. */
  readonly acceptedAuthors?: Readonly<Record<string, string>> | undefined;
}

/** One module: what `checkForUpdate` would say of it, and its entry; or why nothing of it may be used. */
export type ModuleCheck =
  | (ReleaseCheck & { readonly entry: VerifiedCatalogueEntry })
  | { readonly kind: 'refused'; readonly slug: string; readonly error: TrustError };

/** `none`: no catalogue is published, nor was one ever seen. */
export type CatalogueCheck =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'catalogue';
      readonly catalogue: VerifiedCatalogue;
      readonly modules: readonly ModuleCheck[];
    };

/** A catalogue as it was fetched; nobody trusts it, it is verified again each time. */
export interface CachedCatalogue {
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Keeps the catalogue fetched last of each collection. It may forget at any time. */
export interface CatalogueCache {
  read(collection: string): Promise<CachedCatalogue | undefined>;
  write(collection: string, cached: CachedCatalogue): Promise<void>;
}

/** A cache that lives as long as it is held. */
export function createMemoryCache(): CatalogueCache {
  const kept = new Map<string, CachedCatalogue>();
  return {
    read: async (collection) => kept.get(collection),
    write: async (collection, cached) => void kept.set(collection, cached),
  };
}

interface CatalogueClient extends ClientContext {
  readonly catalogues: CatalogueCache;
}

/**
 * Refreshes trust, verifies the catalogue and every entry, and stores version and counters before anything is returned. What is wrong
 * with the catalogue is thrown; what is wrong with one entry refuses that entry.
 */
export async function checkCatalogue(
  client: CatalogueClient,
  request: CatalogueRequest,
  maxAgeMs: number | undefined,
): Promise<CatalogueCheck> {
  const { collection } = request;
  if (!slugPattern.test(collection)) throw new TypeError('expected the slug of a collection');
  const trust = await refreshTrust(client);
  const found = await fetchCatalogue(client, collection);
  if (!found) return acceptAbsence(client, collection);
  const catalogue = await verifyCatalogue(found.bytes, { trust, collection, now: client.now });
  reportCatalogue(client, catalogue);
  const seen = findSeen(client.memory.state, collection);
  verifyCatalogueVersion(catalogue, seen);
  client.onStep({
    name: 'catalogue_version',
    detail: `${catalogue.version}, ${seen ? `seen before: ${seen.version}` : 'the first one seen'}`,
  });
  const entries = await verifyEntries(client, catalogue, { ...request, trust, maxAgeMs });
  await recordSeen(client, catalogue, entries);
  if (found.etag !== undefined) await client.catalogues.write(collection, { etag: found.etag, bytes: found.bytes });
  return { kind: 'catalogue', catalogue, modules: entries.map((entry) => compareModule(entry, request)) };
}

async function fetchCatalogue({ transport, catalogues, onStep }: CatalogueClient, collection: string) {
  const cached = await catalogues.read(collection);
  const answer = await fetchIfChanged(transport, `/api/modules/${collection}`, {
    limitBytes: maxCatalogueBytes,
    etag: cached?.etag,
  });
  if (answer.kind === 'missing') return undefined;
  const found = answer.kind === 'body' ? answer : cached;
  onStep({
    name: 'catalogue_fetched',
    detail: `${found?.bytes.length} bytes${answer.kind === 'unchanged' ? ', unchanged' : ''}`,
  });
  return found;
}

/** Nobody signs an absence: after a catalogue was seen, somebody may as well withhold the next one. */
function acceptAbsence({ memory }: ClientContext, collection: string): CatalogueCheck {
  const seen = findSeen(memory.state, collection);
  if (!seen) return { kind: 'none' };
  throw new TrustError('catalogue_missing', `expected catalogue ${seen.version} or higher of ${collection}, got none`);
}

function findSeen({ catalogues }: ClientState, collection: string) {
  return catalogues.find((seen) => seen.collection === collection);
}

function reportCatalogue({ onStep }: ClientContext, catalogue: VerifiedCatalogue): void {
  const { keyId, collection, issuedAt, expiresAt } = catalogue;
  onStep({
    name: 'catalogue_signature',
    detail: `${keyId.slice(0, 16)}… may sign collection ${collection.slug}, and did`,
  });
  onStep({
    name: 'catalogue_freshness',
    detail: `issued ${encodeTime(issuedAt)}, in force until ${encodeTime(expiresAt)}`,
  });
}

interface EntryRequest extends CatalogueRequest {
  readonly trust: VerifiedTrustList;
  readonly maxAgeMs: number | undefined;
}

type Refused = Extract<ModuleCheck, { kind: 'refused' }>;

async function verifyEntries(
  client: ClientContext,
  catalogue: VerifiedCatalogue,
  request: EntryRequest,
): Promise<readonly (VerifiedCatalogueEntry | Refused)[]> {
  const seen = new Map(client.memory.state.counters.map((counter) => [keyOf(counter), counter] as const));
  const authors = new Map(client.memory.state.authors.map((author) => [author.module, author] as const));
  const entries: (VerifiedCatalogueEntry | Refused)[] = [];
  for (const entry of catalogue.entries) {
    const known = { ...request, seen, authors };
    entries.push(await verifyEntry(client, entry, known).catch((error) => refuseModule(entry, error)));
  }
  const refused = entries.filter((entry) => 'kind' in entry).length;
  client.onStep({ name: 'catalogue_entries', detail: `${entries.length - refused} verified, ${refused} refused` });
  return entries;
}

interface Known {
  readonly seen: ReadonlyMap<string, ChannelCounter>;
  readonly authors: ReadonlyMap<string, SeenAuthor>;
}

async function verifyEntry(
  { transport, now }: ClientContext,
  entry: CatalogueEntry,
  { trust, collection, maxAgeMs, servedAs, acceptedAuthors = {}, seen, authors }: EntryRequest & Known,
): Promise<VerifiedCatalogueEntry> {
  const bases = [servedAs?.replace(/\/+$/, '') ?? transport.base];
  const verified = await verifyCatalogueEntry(entry, { trust, collection, now, maxAgeMs, bases });
  const { manifest } = verified;
  if (manifest.expiresAt === undefined && maxAgeMs === undefined) verifyAge(manifest, now, defaultMaxAgeMs);
  verifyCounter(manifest, seen.get(keyOf(manifest)));
  const accepted = Object.hasOwn(acceptedAuthors, entry.slug) ? acceptedAuthors[entry.slug] : undefined;
  verifyAuthorKey(verified, authors.get(entry.slug), accepted);
  return verified;
}

function keyOf({ project, channel }: Pick<ChannelCounter, 'project' | 'channel'>): string {
  return `${project} ${channel}`;
}

function refuseModule({ slug }: { readonly slug: string }, error: unknown): Refused {
  if (error instanceof TrustError) return { kind: 'refused', slug, error };
  throw error;
}

function compareModule(entry: VerifiedCatalogueEntry | Refused, { installed = {} }: CatalogueRequest): ModuleCheck {
  if ('kind' in entry) return entry;
  const running = Object.hasOwn(installed, entry.slug) ? installed[entry.slug] : undefined;
  try {
    return { ...compareInstalled({ onStep: () => undefined }, entry.manifest, running), entry };
  } catch (error) {
    return refuseModule(entry, error);
  }
}

async function recordSeen(
  { memory, onStep }: ClientContext,
  { collection, counterEpoch: epoch, version, digest }: VerifiedCatalogue,
  entries: readonly (VerifiedCatalogueEntry | Refused)[],
): Promise<void> {
  const seen = entries.flatMap((entry) => ('kind' in entry ? [] : [counterOf(entry.manifest)]));
  await memory.record({
    counters: raiseCounters(memory.state.counters, seen),
    catalogues: raiseCatalogue(memory.state.catalogues, { collection: collection.slug, epoch, version, digest }),
    authors: replaceAuthors(memory.state.authors, entries.flatMap(authorOf)),
  });
  onStep({
    name: 'catalogue_stored',
    detail: `${version} and ${seen.length} counters are the lowest accepted from now on`,
  });
}

/** The first key seen of a module, and one that was accepted, is the one to come. */
function authorOf(entry: VerifiedCatalogueEntry | Refused): readonly SeenAuthor[] {
  if ('kind' in entry || entry.authorKeyId === undefined || !entry.author) return [];
  return [{ module: entry.slug, keyId: entry.authorKeyId, counter: entry.author.counter }];
}

function counterOf({ project, channel, counterEpoch: epoch, counter, digest }: VerifiedManifest): ChannelCounter {
  return { project, channel, epoch, counter, digest };
}
