/** What was seen of a source: nothing older is taken later, unless somebody says why. */
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import {
  assertMembers,
  isPresent,
  parseArray,
  parseObject,
  parsePattern,
  parseString,
  parseTimeText,
} from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';
import { encodeTime } from '../json/time.ts';
import { compareVersions } from '../updates/version.ts';

/** What was found and verified. */
export interface FoundRelease {
  /** Hexadecimal. */
  readonly sha256: string;
  /** By the manifest, or the tag that was built; `undefined`: nothing says. */
  readonly version: string | undefined;
  /** When it was signed, Unix ms; `undefined`: nothing proves a time. */
  readonly signedAt: number | undefined;
}

/** What is kept of a source. */
export interface SourceState {
  /** The last one that was taken. */
  readonly last: FoundRelease;
  /** The highest version, and the latest signature. */
  readonly highest: Pick<FoundRelease, 'version' | 'signedAt'>;
  /** Each time that somebody took an older one. */
  readonly overrides: readonly SourceOverride[];
}

/** That an older release was taken, and why. */
export interface SourceOverride extends FoundRelease {
  readonly reason: string;
  /** Unix ms. */
  readonly at: number;
}

/** An explicit wish for an older one. */
export interface OlderWish {
  readonly reason: string;
  /** Unix ms. */
  readonly at: number;
}

const format = 'signpost-source-1';
const maxStateBytes = 1024 * 1024;
const maxOverrides = 100;

/**
 * The state after `found` was taken. Throws `source_replayed` for a lower version or an older signature than was seen before, or one
 * without a time where there was one; with a wish it is taken and recorded, and what was highest stays so.
 */
export function advanceSource(
  state: SourceState | undefined,
  found: FoundRelease,
  wish: OlderWish | undefined,
): SourceState {
  if (!state) return { last: found, highest: raise({ version: undefined, signedAt: undefined }, found), overrides: [] };
  const older = findOlder(state.highest, found);
  if (older === undefined) return { last: found, highest: raise(state.highest, found), overrides: state.overrides };
  if (!wish) throw new TrustError('source_replayed', older);
  const override = { ...found, reason: wish.reason, at: wish.at };
  return { ...state, last: found, overrides: [...state.overrides, override].slice(-maxOverrides) };
}

/** Why it is older, in words. Versions that have no order are left to the times. */
function findOlder({ version, signedAt }: SourceState['highest'], found: FoundRelease): string | undefined {
  if (version !== undefined && found.version !== undefined && compareVersions(found.version, version) === 'older') {
    return `expected version ${version} or later, got ${found.version}`;
  }
  if (signedAt === undefined || (found.signedAt !== undefined && found.signedAt >= signedAt)) return undefined;
  const got = found.signedAt === undefined ? 'none that is proven' : encodeTime(found.signedAt);
  return `expected a signature of ${encodeTime(signedAt)} or later, got ${got}`;
}

function raise({ version, signedAt }: SourceState['highest'], found: FoundRelease): SourceState['highest'] {
  return { version: chooseHigher(version, found.version), signedAt: found.signedAt ?? signedAt };
}

/** A version without an order, such as `nightly`, must not make a later one forgotten that has one. */
function chooseHigher(version: string | undefined, found: string | undefined): string | undefined {
  if (version === undefined || found === undefined) return found ?? version;
  const hasOrder = compareVersions(version, '0.0.0') !== 'incomparable';
  return hasOrder && compareVersions(found, version) === 'incomparable' ? version : found;
}

/** The text of a state file. */
export function encodeSourceState({ last, highest, overrides }: SourceState): string {
  const document = {
    ...{ format, last: describe(last), highest: describe(highest) },
    overrides: overrides.map(({ reason, at, ...found }) => ({ ...describe(found), reason, at: encodeTime(at) })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function describe({ sha256, version, signedAt }: Partial<FoundRelease>): Readonly<Record<string, string>> {
  return {
    ...(sha256 !== undefined && { sha256 }),
    ...(version !== undefined && { version }),
    ...(signedAt !== undefined && { signed_at: encodeTime(signedAt) }),
  };
}

/** Parses a state file. Throws `state_invalid`: whoever lost the state must say so by removing the file. */
export function parseSourceState(text: string): SourceState {
  try {
    const object = parseObject(parseDocument(encodeText(text), maxStateBytes), 'the state');
    assertMembers(object, ['format', 'last', 'highest', 'overrides'], 'the state');
    if (object.format !== format) throw new TrustError('malformed', `expected the format ${format}`);
    return {
      last: parseFound(object.last),
      highest: parseSeen(parseObject(object.highest, 'highest')),
      overrides: parseArray(object, 'overrides').map(parseOverride),
    };
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('state_invalid', `expected the state of a source: ${cause.message}`, { cause });
  }
}

function parseFound(value: SignableValue | undefined): FoundRelease {
  const object = parseObject(value, 'a release');
  return { sha256: parsePattern(object, 'sha256', /^[0-9a-f]{64}$/, 'a SHA-256'), ...parseSeen(object) };
}

function parseSeen(object: SignableObject): Pick<FoundRelease, 'version' | 'signedAt'> {
  return {
    version: isPresent(object, 'version') ? parseString(object, 'version') : undefined,
    signedAt: isPresent(object, 'signed_at') ? parseTimeText(parseString(object, 'signed_at'), 'signed_at') : undefined,
  };
}

function parseOverride(value: SignableValue): SourceOverride {
  const object = parseObject(value, 'an override');
  const at = parseTimeText(parseString(object, 'at'), 'at');
  return { ...parseFound(value), reason: parseString(object, 'reason'), at };
}
