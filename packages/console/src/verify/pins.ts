/** The roots that a check rests on: those that the visitor names, those that this browser held on to, or those that the server names. */

import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { deriveKeyId } from '@signpost/protocol/keys/ed25519';
import { splitWords } from '../app/typed-text.ts';

/** Roots, and by whose word they are the right ones. */
export interface Pins {
  /** Raw keys in base64. */
  readonly roots: readonly string[];
  readonly ids: readonly string[];
  readonly threshold: number;
  /** `kept`: the visitor named them at an earlier visit; `linked`: a link did; `seen`: the server did. */
  readonly by: 'visitor' | 'link' | 'kept' | 'linked' | 'seen' | 'server';
  /** Of an earlier visit: when it was, RFC 3339. */
  readonly since?: string;
  /** Of a link: the others that this browser holds on to. */
  readonly against?: Pins;
}

/** What the visitor typed, pasted, or had in the address. */
export interface NamedRoots {
  /** Digests in hex, or keys in base64. */
  readonly names: readonly string[];
  /** Undefined: all of them. */
  readonly threshold: number | undefined;
}

/** Keys with their digests. */
export type RootKeys = ReadonlyMap<string, string>;

const digestPattern = /^[0-9a-f]{64}$/;

/** As many as a trust list may name. */
const maxRoots = 16;

/** Reads the field, whose entries stand apart by space, comma or line, and the number beside it. */
export function parseNamedRoots(text: string, threshold: string): NamedRoots {
  const names = splitWords(text);
  return { names: [...new Set(names.map(plainDigest))], threshold: threshold === '' ? undefined : Number(threshold) };
}

/** Reads `#root=DIGEST&root=DIGEST&threshold=2`. */
export function parseFragment(fragment: string): { readonly text: string; readonly threshold: string } {
  const query = new URLSearchParams(fragment.replace(/^#/, ''));
  // In a query a plus sign means a space, which no key holds.
  const text = query.getAll('root').map((root) => root.replaceAll(' ', '+'));
  return { text: text.join('\n'), threshold: query.get('threshold') ?? '' };
}

/** Tools write digests in capitals, or with their algorithm before them. */
function plainDigest(name: string): string {
  const plain = name.toLowerCase().replace(/^sha256:/, '');
  return digestPattern.test(plain) ? plain : name;
}

/** The keys by digest. Throws `malformed` for what is no key. */
export async function nameKeys(keys: readonly string[]): Promise<RootKeys> {
  return new Map(await Promise.all(keys.map(nameKey)));
}

/**
 * The roots that the visitor named. A digest leads to the key that the server shows for it; whatever it shows, only the key of that digest will do. Throws
 * `root_not_trusted` for a digest of which it shows no key, `malformed` for what is neither digest nor key, and for a number that is out of reach.
 */
export async function resolveNamed({ names, threshold }: NamedRoots, offered: RootKeys): Promise<Pins> {
  const keys = await Promise.all(names.map((name) => resolveOne(name, offered)));
  return createPins(keys, { threshold: threshold ?? keys.length, by: 'visitor' });
}

/** The roots in force by the word of the server. Throws `malformed` for what is no key, and for a number that is out of reach. */
export async function pinServerRoots(keys: readonly string[], threshold: number): Promise<Pins> {
  return createPins(await Promise.all(keys.map(nameKey)), { threshold, by: 'server' });
}

/** Whether both ask for the signatures of as many of the same roots. */
export function isSameRoots(left: RootDemand, right: RootDemand): boolean {
  const ids = new Set([...left.ids, ...right.ids]);
  return left.threshold === right.threshold && [left, right].every((one) => new Set(one.ids).size === ids.size);
}

type RootDemand = Pick<Pins, 'ids' | 'threshold'>;

/** A threshold that is no number would be met by no signature at all. */
function createPins(
  keys: readonly (readonly [id: string, key: string])[],
  { threshold, ...word }: Pick<Pins, 'threshold' | 'by' | 'since'>,
): Pins {
  const ids = keys.map(([id]) => id);
  const isReachable = Number.isSafeInteger(threshold) && threshold >= 1 && threshold <= keys.length;
  if (keys.length > maxRoots || new Set(ids).size !== ids.length || !isReachable) {
    throw new TrustError('malformed', `expected different roots and a number from 1 to ${keys.length}`);
  }
  return { roots: keys.map(([, key]) => key), ids, threshold, ...word };
}

async function resolveOne(name: string, offered: RootKeys): Promise<readonly [id: string, key: string]> {
  if (digestPattern.test(name)) {
    const key = offered.get(name);
    if (key === undefined) throw new TrustError('root_not_trusted', `expected a root with the digest ${name}`);
    return [name, key];
  }
  return nameKey(name);
}

async function nameKey(key: string): Promise<readonly [id: string, key: string]> {
  const raw = parseBase64(key);
  if (raw.length !== 32) throw new TrustError('malformed', 'expected the digest of a root, or its key');
  return [await deriveKeyId(raw), key];
}

/** What this browser remembers of a server's roots, as its storage holds it. */
interface RememberedRoots {
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly by: 'kept' | 'linked' | 'seen';
  readonly since: string;
}

/** The text by which `pins` are remembered. */
export function encodeRemembered({ roots, threshold, by }: Pins, now: number): string {
  const word = by === 'visitor' ? 'kept' : by === 'link' ? 'linked' : 'seen';
  return JSON.stringify({ roots, threshold, by: word, since: new Date(now).toISOString() } satisfies RememberedRoots);
}

/** Reads that text; undefined for one that is damaged. */
export async function parseRemembered(text: string): Promise<Pins | undefined> {
  try {
    const { roots, ...word } = parseShape(JSON.parse(text));
    return await createPins(await Promise.all(roots.map(nameKey)), word);
  } catch {
    return undefined;
  }
}

function parseShape(value: unknown): RememberedRoots {
  const { roots, threshold, by, since } = Object(value);
  const areTexts = Array.isArray(roots) && roots.every((key) => typeof key === 'string');
  const isWord = by === 'kept' || by === 'linked' || by === 'seen';
  const isDay = typeof since === 'string' && !Number.isNaN(Date.parse(since));
  if (!areTexts || typeof threshold !== 'number' || !isWord || !isDay) {
    throw new TypeError('expected roots as they are remembered');
  }
  return { roots, threshold, by, since };
}
