/** What a client remembers between two checks, as canonical JSON text (docs/protocol/client.md, "State"). */
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText, type SignableObject, type SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString } from '../json/fields.ts';
import { parseSignableText } from '../json/parse.ts';
import { parsePublicKey } from '../keys/ed25519.ts';
import { sha256Pattern } from '../updates/envelope.ts';
import { channelPattern, slugPattern } from '../updates/names.ts';
import { maxTrustListBytes, type RootSet } from '../updates/trust-list.ts';
import type { SeenCatalogue, SeenCounter } from '../updates/verify-history.ts';
import { type VerifiedTrustList, verifyTrustList } from '../updates/verify-trust-list.ts';

/** Keeps the state of one client. One client at a time may use it. */
export interface StateStore {
  /** The text written last, or `undefined` when there is none. */
  read(): Promise<string | undefined>;
  /** Resolves when `text` is durable: after a crash, `read` gives it and nothing older. */
  write(text: string): Promise<void>;
}

/** The highest counter that was seen for one channel of one project. */
export interface ChannelCounter extends SeenCounter {
  readonly project: string;
  readonly channel: string;
}

/** What a client remembers. */
export interface ClientState {
  /** The roots pinned by the application when this state was made. */
  readonly pins: RootSet;
  /** The roots that the next trust list is checked against. */
  readonly roots: RootSet;
  /** The trust list accepted last. */
  readonly trust: VerifiedTrustList | undefined;
  readonly counters: readonly ChannelCounter[];
  /** The highest version that was seen of each catalogue. */
  readonly catalogues: readonly SeenCatalogue[];
}

const stateVersion = 1;

/** The text of `state`. */
export function encodeState({ pins, roots, trust, counters, catalogues }: ClientState): string {
  return encodeCanonicalText({
    state_version: stateVersion,
    pins: encodeRoots(pins),
    roots: encodeRoots(roots),
    trust: trust?.envelope,
    counters: counters.map((seen): SignableObject => ({ ...seen })),
    // Left out while empty, so that the state of who reads no catalogue stays what it was.
    catalogues: catalogues.length === 0 ? undefined : catalogues.map((seen): SignableObject => ({ ...seen })),
  });
}

/** Parses the text of a state, and verifies again the trust list in it. Throws `state_invalid`. */
export async function parseState(text: string): Promise<ClientState> {
  try {
    return await parseStateObject(parseObject(parseSignableText(text), 'the state'));
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('state_invalid', `expected the state of a client: ${cause.message}`, { cause });
  }
}

/** The state of a client that has seen nothing. */
export function createState(pins: RootSet): ClientState {
  return { pins, roots: pins, trust: undefined, counters: [], catalogues: [] };
}

/**
 * `state` under `pins`. An application that pins other roots than before starts from these: what the old ones vouched for
 * holds only where the new ones vouch for it too. Counters stay.
 */
export async function repinState(state: ClientState, pins: RootSet): Promise<ClientState> {
  if (isSameRootSet(state.pins, pins)) return state;
  const fresh = { ...createState(pins), counters: state.counters, catalogues: state.catalogues };
  if (!state.trust) return fresh;
  try {
    const trust = await verifyTrustList(encodeText(state.trust.envelope), { roots: pins });
    return { ...fresh, roots: trust.rootsInForce, trust };
  } catch (error) {
    if (error instanceof TrustError) return fresh;
    throw error;
  }
}

/** The higher version of everything in two states of the same pins. */
export function mergeStates(stored: ClientState, baseline: ClientState): ClientState {
  const leading = (baseline.trust?.version ?? 0) > (stored.trust?.version ?? 0) ? baseline : stored;
  return {
    pins: stored.pins,
    roots: leading.roots,
    trust: leading.trust,
    counters: raiseCounters(stored.counters, baseline.counters),
    catalogues: baseline.catalogues.reduce(raiseCatalogue, stored.catalogues),
  };
}

/** `counters` with each of `seen` in place of a lower one for the same project and channel. */
export function raiseCounters(
  counters: readonly ChannelCounter[],
  seen: readonly ChannelCounter[],
): readonly ChannelCounter[] {
  const highest = new Map(counters.map((entry) => [keyOf(entry), entry]));
  for (const entry of seen) {
    const before = highest.get(keyOf(entry));
    if (!before || isHigher(entry, before)) highest.set(keyOf(entry), entry);
  }
  return [...highest.values()];
}

function keyOf({ project, channel }: ChannelCounter): string {
  return `${project} ${channel}`;
}

/** `catalogues` with `seen` in place of a lower one of the same collection. */
export function raiseCatalogue(catalogues: readonly SeenCatalogue[], seen: SeenCatalogue): readonly SeenCatalogue[] {
  const before = catalogues.find(({ collection }) => collection === seen.collection);
  const isLater = !before || (seen.epoch === before.epoch ? seen.version > before.version : seen.epoch > before.epoch);
  return isLater ? [...catalogues.filter((entry) => entry !== before), seen] : catalogues;
}

/** The highest counter seen for `channel` of `project`, if any. */
export function findCounter(
  counters: readonly ChannelCounter[],
  project: string,
  channel: string,
): ChannelCounter | undefined {
  return counters.find((entry) => entry.project === project && entry.channel === channel);
}

function isHigher(left: ChannelCounter, right: ChannelCounter): boolean {
  return left.epoch === right.epoch ? left.counter > right.counter : left.epoch > right.epoch;
}

/** Whether two root sets demand the same of a trust list. */
export function isSameRootSet(left: RootSet, right: RootSet): boolean {
  const ids = new Set(left.keys.map(({ keyId }) => keyId));
  return (
    left.threshold === right.threshold &&
    left.keys.length === right.keys.length &&
    right.keys.every(({ keyId }) => ids.has(keyId))
  );
}

function encodeRoots({ keys, threshold }: RootSet): SignableObject {
  return { keys: keys.map(({ pubkeyB64 }) => pubkeyB64), threshold };
}

async function parseStateObject(object: SignableObject): Promise<ClientState> {
  if (object.state_version !== stateVersion)
    throw new TrustError('malformed', `expected state_version ${stateVersion}`);
  const roots = await parseRootSet(object, 'roots');
  return {
    pins: await parseRootSet(object, 'pins'),
    roots,
    trust: object.trust === undefined ? undefined : await parseTrust(object, roots),
    counters: parseArray(object, 'counters').map(parseCounter),
    catalogues: object.catalogues === undefined ? [] : parseArray(object, 'catalogues').map(parseSeenCatalogue),
  };
}

/** Expiry is not judged: an expired list still says which lists are older. */
async function parseTrust(object: SignableObject, roots: RootSet): Promise<VerifiedTrustList> {
  return verifyTrustList(encodeText(parseString(object, 'trust', maxTrustListBytes)), { roots });
}

async function parseRootSet(object: SignableObject, name: string): Promise<RootSet> {
  const entry = parseObject(object[name], name);
  const texts = parseArray(entry, 'keys').map((key) => (typeof key === 'string' ? key : ''));
  return createRootSet(texts, parseInteger(entry, 'threshold', 1));
}

/** The root set of base64 keys. Throws `malformed` for a bad key, one named twice, and a threshold out of reach. */
export async function createRootSet(pubkeysB64: readonly string[], threshold: number): Promise<RootSet> {
  const keys = await Promise.all(pubkeysB64.map(parsePublicKey));
  if (new Set(keys.map(({ keyId }) => keyId)).size !== keys.length || threshold > keys.length || threshold < 1) {
    throw new TrustError('malformed', `expected different roots and a threshold of 1 to ${keys.length}`);
  }
  return { keys, threshold };
}

function parseCounter(item: SignableValue): ChannelCounter {
  const entry = parseObject(item, 'a counter');
  return {
    project: parsePattern(entry, 'project', slugPattern, 'a project slug'),
    channel: parsePattern(entry, 'channel', channelPattern, 'a channel'),
    epoch: parseInteger(entry, 'epoch', 0),
    counter: parseInteger(entry, 'counter', 1),
    digest: parsePattern(entry, 'digest', sha256Pattern, 'a SHA-256 in hex'),
  };
}

function parseSeenCatalogue(item: SignableValue): SeenCatalogue {
  const entry = parseObject(item, 'a catalogue');
  return {
    collection: parsePattern(entry, 'collection', slugPattern, 'a collection slug'),
    epoch: parseInteger(entry, 'epoch', 0),
    version: parseInteger(entry, 'version', 1),
    digest: parsePattern(entry, 'digest', sha256Pattern, 'a SHA-256 in hex'),
  };
}
