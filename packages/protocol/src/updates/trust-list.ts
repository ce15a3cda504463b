/** The trust list: which keys may sign what, signed by the offline roots (docs/protocol/trust-list.md). */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { type PublicKey, parsePublicKey } from '../keys/ed25519.ts';
import { sha256Pattern } from './envelope.ts';
import { parseScope, type Scope, slugPattern } from './names.ts';

/** The largest trust list envelope that is parsed, in bytes. */
export const maxTrustListBytes = 262_144;

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

/** A key that must never be accepted again. */
export interface RevokedKey {
  readonly keyId: string;
  readonly reason: string;
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
  readonly revokedKeys: readonly RevokedKey[];
  readonly projects: readonly ProjectRule[];
}

/** Parses the `trust` object. Throws `malformed` for anything that a careful signer would not have signed. */
export async function parseTrustList(document: SignableObject): Promise<TrustList> {
  const list: TrustList = {
    version: parseInteger(document, 'trust_version', 1),
    issuedAt: parseTime(document, 'issued_at'),
    expiresAt: parseTime(document, 'expires_at'),
    roots: document.root_keys === undefined ? undefined : await parseRoots(document),
    validKeys: await Promise.all(parseArray(document, 'valid_keys').map(parseTrustedKey)),
    revokedKeys: parseArray(document, 'revoked_keys').map(parseRevokedKey),
    projects: document.projects === undefined ? [] : parseArray(document, 'projects').map(parseProjectRule),
  };
  assertDistinct(
    'valid_keys',
    list.validKeys.map(({ key }) => key.keyId),
  );
  assertDistinct(
    'revoked_keys',
    list.revokedKeys.map(({ keyId }) => keyId),
  );
  assertDistinct(
    'projects',
    list.projects.map(({ project }) => project),
  );
  // A key with both jobs would let a manifest key certify itself.
  const rootIds = new Set(list.roots?.keys.map(({ keyId }) => keyId));
  if (list.validKeys.some(({ key }) => rootIds.has(key.keyId))) {
    throw new TrustError('malformed', 'expected no root key among valid_keys');
  }
  return list;
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
  parseTime(entry, 'revoked_at');
  if (entry.effective_from !== undefined) parseTime(entry, 'effective_from');
  return {
    keyId: parsePattern(entry, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
    reason: parseString(entry, 'reason', 500),
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
