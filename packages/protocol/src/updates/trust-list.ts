/** The trust list: which keys may sign what, signed by the offline roots (docs/protocol/trust-list.md). */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { type PublicKey, parsePublicKey } from '../keys/ed25519.ts';
import { sha256Pattern } from './envelope.ts';
import { parseScope, type Scope, slugPattern } from './names.ts';

/** The largest trust list envelope that is parsed, in bytes. */
export const maxTrustListBytes = 262_144;

/** The most changes of roots that a client follows, from the first roots to those in force. */
export const maxRootChanges = 256;

/** The largest chain of such changes that it reads, in bytes. */
export const maxRootChainBytes = 4_194_304;

/** The most push keys that a list may name. */
export const maxPushKeys = 8;

/** Who holds the private half: the server (in its vault) or a maintainer (on their own machine). */
export type Custody = 'server' | 'maintainer';

/** A key that may sign manifests. */
export interface TrustedKey {
  readonly key: PublicKey;
  readonly label: string;
  readonly custody: Custody;
  readonly scope: readonly Scope[];
  /** Unix milliseconds; absent: no bound. */
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
}

/** A key that certifies the channel keys of signed frames (docs/protocol/frame.md), and signs nothing else. */
export interface PushKey {
  readonly key: PublicKey;
  readonly label: string;
  /** Unix milliseconds; absent: no bound. */
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
}

/** The transparency log that every manifest must be in (docs/protocol/log.md), and the key that signs its checkpoints, and nothing else. */
export interface TrustedLog {
  /** The first line of its checkpoints, and the name that signs them. */
  readonly origin: string;
  readonly key: PublicKey;
}

/** The first line of a log's checkpoints: printable ASCII without white space and plus, so that it may name a signer. */
export const logOriginPattern: RegExp = /^[!-*,-~]{1,255}$/;

/** A key that must never be accepted again, whatever it signed and when: a thief writes any date. */
export interface RevokedKey {
  readonly keyId: string;
  readonly pubkeyB64: string | undefined;
  readonly reason: string;
  /** Unix milliseconds. */
  readonly revokedAt: number;
  /** Unix milliseconds since when the key is known to be compromised, for auditors; clients do not judge by it. */
  readonly effectiveFrom: number | undefined;
}

/** What the roots demand of one project beyond the keys. */
export interface ProjectRule {
  readonly project: string;
  /** How many maintainers must sign a manifest; 0: any one key in scope will do. */
  readonly approvals: number;
  /** Raised to make clients forget a counter that a stolen key drove up. */
  readonly counterEpoch: number;
}

/** The keys that may sign trust lists, and how many must. */
export interface RootSet {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

/** A trust list, parsed and not verified. */
export interface TrustList {
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Absent: the pinned roots stay as they are. */
  readonly roots: RootSet | undefined;
  readonly validKeys: readonly TrustedKey[];
  /** Apart from `validKeys`: clients of the older format take any key of that list for manifests. */
  readonly pushKeys: readonly PushKey[];
  /** Absent: nobody is asked for proofs. */
  readonly log: TrustedLog | undefined;
  readonly revokedKeys: readonly RevokedKey[];
  readonly projects: readonly ProjectRule[];
}

/** Parses the `trust` object. Throws `malformed` for anything that a careful signer would not have signed. */
export async function parseTrustList(document: SignableObject): Promise<TrustList> {
  const list: TrustList = {
    version: parseInteger(document, 'trust_version', 1),
    issuedAt: parseTime(document, 'issued_at'),
    expiresAt: parseTime(document, 'expires_at'),
    // A threshold without keys would say something that no client does.
    roots:
      document.root_keys === undefined && document.threshold === undefined ? undefined : await parseRoots(document),
    validKeys: await Promise.all(parseArray(document, 'valid_keys').map(parseTrustedKey)),
    pushKeys: document.push_keys === undefined ? [] : await parsePushKeys(document),
    log: document.log === undefined ? undefined : await parseTrustedLog(parseObject(document.log, 'log')),
    revokedKeys: parseArray(document, 'revoked_keys').map(parseRevokedKey),
    projects: document.projects === undefined ? [] : parseArray(document, 'projects').map(parseProjectRule),
  };
  assertDistinct(
    'valid_keys',
    list.validKeys.map(({ key }) => key.keyId),
  );
  // A thief of the one key must not have the powers of the other.
  assertDistinct(
    'valid_keys and push_keys',
    [...list.validKeys, ...list.pushKeys].map(({ key }) => key.keyId),
  );
  assertDistinct(
    'revoked_keys',
    list.revokedKeys.map(({ keyId }) => keyId),
  );
  assertDistinct(
    'projects',
    list.projects.map(({ project }) => project),
  );
  assertLogKeyApart(list);
  if (list.roots) assertRolesApart(list, list.roots);
  return list;
}

function assertLogKeyApart({ log, validKeys, pushKeys }: TrustList): void {
  if ([...validKeys, ...pushKeys].some(({ key }) => key.keyId === log?.key.keyId)) {
    throw new TrustError('malformed', 'expected the key of the log among no others');
  }
}

/**
 * Throws `malformed` when one of `roots` may also sign manifests, channel keys or checkpoints: keys that lie on servers would
 * then certify themselves.
 */
export function assertRolesApart(list: TrustList, roots: RootSet): void {
  const rootIds = new Set(roots.keys.map(({ keyId }) => keyId));
  if (list.validKeys.some(({ key }) => rootIds.has(key.keyId))) {
    throw new TrustError('malformed', 'expected no root key among valid_keys');
  }
  if (list.pushKeys.some(({ key }) => rootIds.has(key.keyId))) {
    throw new TrustError('malformed', 'expected no root key among push_keys');
  }
  if (list.log && rootIds.has(list.log.key.keyId)) {
    throw new TrustError('malformed', 'expected the log to have a key that is no root');
  }
}

/** The rule for `project`; without one, any key in scope may sign and the epoch is 0. */
export function findProjectRule(list: TrustList, project: string): ProjectRule {
  return list.projects.find((rule) => rule.project === project) ?? { project, approvals: 0, counterEpoch: 0 };
}

async function parseRoots(document: SignableObject): Promise<RootSet> {
  const keys = await Promise.all(
    parseArray(document, 'root_keys').map((item) => parseKey(parseObject(item, 'a root key'))),
  );
  const threshold = parseInteger(document, 'threshold', 1);
  assertDistinct(
    'root_keys',
    keys.map(({ keyId }) => keyId),
  );
  if (threshold > keys.length) {
    throw new TrustError('malformed', `expected a threshold of at most ${keys.length}, got ${threshold}`);
  }
  return { keys, threshold };
}

async function parseTrustedKey(item: SignableValue): Promise<TrustedKey> {
  const entry = parseObject(item, 'a valid key');
  const custody = parseString(entry, 'custody');
  if (custody !== 'server' && custody !== 'maintainer') {
    throw new TrustError('malformed', 'expected custody to be "server" or "maintainer"');
  }
  return {
    key: await parseKey(entry),
    label: parseString(entry, 'label', 100),
    custody,
    scope: parseArray(entry, 'scope').map((scope) => parseScope(typeof scope === 'string' ? scope : '')),
    ...parseWindow(entry),
  };
}

async function parsePushKeys(document: SignableObject): Promise<PushKey[]> {
  const items = parseArray(document, 'push_keys');
  if (items.length > maxPushKeys) {
    throw new TrustError('too_large', `expected at most ${maxPushKeys} push keys, got ${items.length}`);
  }
  return Promise.all(items.map(parsePushKey));
}

async function parsePushKey(item: SignableValue): Promise<PushKey> {
  const entry = parseObject(item, 'a push key');
  return { key: await parseKey(entry), label: parseString(entry, 'label', 100), ...parseWindow(entry) };
}

async function parseTrustedLog(entry: SignableObject): Promise<TrustedLog> {
  return {
    origin: parsePattern(entry, 'origin', logOriginPattern, 'the origin of a log'),
    key: await parseKey(entry),
  };
}

function parseWindow(entry: SignableObject): Pick<TrustedKey, 'notBefore' | 'notAfter'> {
  return {
    notBefore: entry.not_before === undefined ? undefined : parseTime(entry, 'not_before'),
    notAfter: entry.not_after === undefined ? undefined : parseTime(entry, 'not_after'),
  };
}

async function parseKey(entry: SignableObject): Promise<PublicKey> {
  const key = await parsePublicKey(parseString(entry, 'pubkey_b64'));
  if (key.keyId !== parsePattern(entry, 'key_id', sha256Pattern, 'a SHA-256 in hex')) {
    throw new TrustError('malformed', 'expected key_id to be the SHA-256 of the key');
  }
  return key;
}

function parseRevokedKey(item: SignableValue): RevokedKey {
  const entry = parseObject(item, 'a revoked key');
  return {
    keyId: parsePattern(entry, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
    pubkeyB64: entry.pubkey_b64 === undefined ? undefined : parseString(entry, 'pubkey_b64', 44),
    reason: parseString(entry, 'reason', 500),
    revokedAt: parseTime(entry, 'revoked_at'),
    effectiveFrom: entry.effective_from === undefined ? undefined : parseTime(entry, 'effective_from'),
  };
}

function parseProjectRule(item: SignableValue): ProjectRule {
  const entry = parseObject(item, 'a project rule');
  return {
    project: parsePattern(entry, 'project', slugPattern, 'a project slug'),
    approvals: parseInteger(entry, 'approvals', 0),
    counterEpoch: parseInteger(entry, 'counter_epoch', 0),
  };
}

function assertDistinct(name: string, ids: readonly string[]): void {
  if (new Set(ids).size !== ids.length) throw new TrustError('malformed', `expected ${name} to name each entry once`);
}
