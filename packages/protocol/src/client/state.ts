/** What a client remembers between two checks, as canonical JSON text (docs/protocol/client.md, "State"). */
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText, type SignableObject, type SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString } from '../json/fields.ts';
import { parseSignableText } from '../json/parse.ts';
import { parsePublicKey } from '../keys/ed25519.ts';
import { sha256Pattern } from '../updates/envelope.ts';
import { channelPattern, slugPattern } from '../updates/names.ts';
import { logOriginPattern, maxTrustListBytes, type RootSet, type TrustedLog } from '../updates/trust-list.ts';
import type { SeenAuthor, SeenCatalogue, SeenCounter } from '../updates/verify-history.ts';
import { maxCheckpointCharacters, type VerifiedCheckpoint, verifyCheckpoint } from '../updates/verify-log.ts';
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
  /** Whose own key signed each module that its author signs. */
  readonly authors: readonly SeenAuthor[];
  /** Of each log the highest checkpoints that were seen, which were found to be of one history. */
  readonly checkpoints: readonly VerifiedCheckpoint[];
}

const stateVersion = 1;

/** The text of `state`. */
export function encodeState({ pins, roots, trust, counters, catalogues, authors, checkpoints }: ClientState): string {
  return encodeCanonicalText({
    state_version: stateVersion,
    pins: encodeRoots(pins),
    roots: encodeRoots(roots),
    trust: trust?.envelope,
    counters: counters.map((seen): SignableObject => ({ ...seen })),
    // Left out while empty, so that the state of who reads no catalogue stays what it was.
    catalogues: catalogues.length === 0 ? undefined : catalogues.map((seen): SignableObject => ({ ...seen })),
    authors:
      authors.length === 0
        ? undefined
        : authors.map(({ module, keyId, counter }) => ({ module, key_id: keyId, counter })),
    checkpoints: checkpoints.length === 0 ? undefined : checkpoints.map(encodeCheckpointSeen),
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
  return { pins, roots: pins, trust: undefined, counters: [], catalogues: [], authors: [], checkpoints: [] };
}

/**
 * `state` under `pins`. An application that pins other roots than before starts from these: what the old ones vouched for
 * holds only where the new ones vouch for it too. Counters stay.
 */
export async function repinState(state: ClientState, pins: RootSet): Promise<ClientState> {
  if (isSameRootSet(state.pins, pins)) return state;
  const fresh = {
    ...createState(pins),
    counters: state.counters,
    catalogues: state.catalogues,
    authors: state.authors,
    checkpoints: state.checkpoints,
  };
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
    // What was accepted since the application was shipped counts, not what it was shipped with.
    authors: replaceAuthors(baseline.authors, stored.authors),
    checkpoints: baseline.checkpoints.reduce(raiseCheckpoint, stored.checkpoints),
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

/** `authors` with each of `seen` in place of one of the same module; the counter of one key never goes back. */
export function replaceAuthors(authors: readonly SeenAuthor[], seen: readonly SeenAuthor[]): readonly SeenAuthor[] {
  const known = new Map(authors.map((author) => [author.module, author]));
  for (const author of seen) {
    const before = known.get(author.module);
    const isOlder = before?.keyId === author.keyId && before.counter > author.counter;
    known.set(author.module, isOlder ? before : author);
  }
  return [...known.values()];
}

/** How many checkpoints of one log are kept: a client of several projects is shown several sizes in turn. */
const maxCheckpoints = 4;

/** `checkpoints` with `seen` among those of its log, the highest of each log first. */
export function raiseCheckpoint(
  checkpoints: readonly VerifiedCheckpoint[],
  seen: VerifiedCheckpoint,
): readonly VerifiedCheckpoint[] {
  const known = listCheckpoints(checkpoints, seen);
  if (known.some(({ size }) => size === seen.size)) return checkpoints;
  const kept = [...known, seen].sort((left, right) => right.size - left.size).slice(0, maxCheckpoints);
  return [...checkpoints.filter((checkpoint) => !known.includes(checkpoint)), ...kept];
}

/** The checkpoints seen of `log`, the highest first. Another key is another log: only the roots can name one. */
export function listCheckpoints(
  checkpoints: readonly VerifiedCheckpoint[],
  { origin, key }: TrustedLog,
): readonly VerifiedCheckpoint[] {
  return checkpoints
    .filter((checkpoint) => checkpoint.origin === origin && checkpoint.key.keyId === key.keyId)
    .sort((left, right) => right.size - left.size);
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

function encodeCheckpointSeen({ origin, key, note }: VerifiedCheckpoint): SignableObject {
  return { origin, pubkey_b64: key.pubkeyB64, note };
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
    authors: object.authors === undefined ? [] : parseArray(object, 'authors').map(parseSeenAuthor),
    checkpoints:
      object.checkpoints === undefined
        ? []
        : await Promise.all(parseArray(object, 'checkpoints').map(parseCheckpointSeen)),
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
  const isApart = new Set(keys.map(({ keyId }) => keyId)).size === keys.length;
  // What is no number compares as false with everything: no count of signatures would be too small for it.
  if (!isApart || !Number.isSafeInteger(threshold) || threshold > keys.length || threshold < 1) {
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

function parseSeenAuthor(item: SignableValue): SeenAuthor {
  const entry = parseObject(item, 'an author');
  return {
    module: parsePattern(entry, 'module', slugPattern, 'a module slug'),
    keyId: parsePattern(entry, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
    counter: parseInteger(entry, 'counter', 1),
  };
}

async function parseCheckpointSeen(item: SignableValue): Promise<VerifiedCheckpoint> {
  const entry = parseObject(item, 'a checkpoint');
  const origin = parsePattern(entry, 'origin', logOriginPattern, 'the origin of a log');
  const key = await parsePublicKey(parseString(entry, 'pubkey_b64'));
  return verifyCheckpoint(parseString(entry, 'note', maxCheckpointCharacters), { origin, key });
}
