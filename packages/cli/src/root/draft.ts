/** The draft: what the next trust list will say. A `trust` object without version and times, edited by pure functions. */
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText, type SignableObject, type SignableValue } from '@signpost/protocol/json/canonical';
import { parseArray, parseObject } from '@signpost/protocol/json/fields';
import type { PublicKey } from '@signpost/protocol/keys/ed25519';
import type { Scope } from '@signpost/protocol/updates/names';
import { type Custody, parseTrustList, type TrustedLog, type TrustList } from '@signpost/protocol/updates/trust-list';
import { Failure } from '../terminal/failure.ts';

/** A `trust` object without `trust_version`, `issued_at` and `expires_at`. */
export type Draft = SignableObject;

/** A key to be listed. */
export interface KeyEntry {
  readonly key: PublicKey;
  readonly label: string;
  readonly custody: Custody;
  readonly scope: readonly Scope[];
  /** RFC 3339; absent: no bound. */
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
}

/** A push key to be listed. */
export interface PushKeyEntry {
  readonly key: PublicKey;
  readonly label: string;
}

/** A draft with one root and nothing else. */
export function createDraft(root: { keyId: string; pubkeyB64: string }): Draft {
  return {
    root_keys: [{ key_id: root.keyId, pubkey_b64: root.pubkeyB64 }],
    threshold: 1,
    valid_keys: [],
    revoked_keys: [],
    projects: [],
  };
}

/** The draft that says what a signed `document` says. Members that this version does not know are kept. */
export function draftOf(document: SignableObject): Draft {
  const { trust_version: _version, issued_at: _issued, expires_at: _expires, ...draft } = document;
  return draft;
}

/** Whether two drafts say the same. */
export function isSameDraft(left: Draft, right: Draft): boolean {
  return encodeCanonicalText(left) === encodeCanonicalText(right);
}

/** The `trust` object that `draft` becomes. Times are Unix milliseconds and lose their fraction. */
export function buildDocument(
  draft: Draft,
  { version, issuedAt, expiresAt }: { version: number; issuedAt: number; expiresAt: number },
): SignableObject {
  return { ...draft, trust_version: version, issued_at: formatTime(issuedAt), expires_at: formatTime(expiresAt) };
}

/** `draft` parsed as the list it would become. Throws `malformed` for a draft that must not be signed. */
export async function parseDraft(draft: Draft): Promise<TrustList> {
  return parseTrustList(buildDocument(draft, { version: 1, issuedAt: 0, expiresAt: 1000 }));
}

/** RFC 3339 in whole seconds. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** Lists a key, or changes what the list says about it. A revoked key stays out for ever. */
export function addKey(draft: Draft, entry: KeyEntry): Draft {
  const { key } = entry;
  assertNotRevoked(draft, key);
  return replaceEntry(draft, 'valid_keys', {
    key_id: key.keyId,
    pubkey_b64: key.pubkeyB64,
    label: entry.label,
    custody: entry.custody,
    scope: entry.scope,
    not_before: entry.notBefore,
    not_after: entry.notAfter,
  });
}

/** Lists a key that vouches for the keys of signed frames. A revoked key stays out for ever. */
export function addPushKey(draft: Draft, { key, label }: PushKeyEntry): Draft {
  assertNotRevoked(draft, key);
  return replaceEntry(draft, 'push_keys', { key_id: key.keyId, pubkey_b64: key.pubkeyB64, label });
}

/** Names the log that every release must be in. A revoked key stays out for ever. */
export function setLog(draft: Draft, { origin, key }: TrustedLog): Draft {
  assertNotRevoked(draft, key);
  return { ...draft, log: { origin, key_id: key.keyId, pubkey_b64: key.pubkeyB64 } };
}

/** Names no log. */
export function removeLog({ log: _log, ...draft }: Draft): Draft {
  return draft;
}

/** Takes a listed key out and revokes it from `now` on (Unix milliseconds). */
export function revokeKey(draft: Draft, keyId: string, { reason, now }: { reason: string; now: number }): Draft {
  assertNotLog(draft, keyId);
  const listed = findEntry(draft, 'valid_keys', keyId) ?? findEntry(draft, 'push_keys', keyId);
  const revoked = replaceEntry(draft, 'revoked_keys', {
    key_id: keyId,
    pubkey_b64: listed?.pubkey_b64,
    reason,
    revoked_at: formatTime(now),
    effective_from: formatTime(now),
  });
  const withoutKey = removeEntry(revoked, 'valid_keys', keyId);
  return draft.push_keys === undefined ? withoutKey : removeEntry(withoutKey, 'push_keys', keyId);
}

/** Sets what the roots demand of a project. The counter epoch only grows: clients would refuse a lower one. */
export function setProject(
  draft: Draft,
  { project, approvals, counterEpoch }: { project: string; approvals: number; counterEpoch: number | undefined },
): Draft {
  const before = entriesOf(draft, 'projects').find((entry) => entry.project === project);
  const epoch = typeof before?.counter_epoch === 'number' ? before.counter_epoch : 0;
  if (counterEpoch !== undefined && counterEpoch < epoch) {
    throw new Failure('refused', `expected a counter epoch of ${epoch} or higher, got ${counterEpoch}`);
  }
  const others = entriesOf(draft, 'projects').filter((entry) => entry.project !== project);
  return { ...draft, projects: [...others, { project, approvals, counter_epoch: counterEpoch ?? epoch }] };
}

/** Adds a root key. */
export function addRoot(draft: Draft, key: { keyId: string; pubkeyB64: string }): Draft {
  if (findEntry(draft, 'root_keys', key.keyId)) {
    throw new Failure('refused', `root ${shortId(key.keyId)} is in the draft already`);
  }
  return replaceEntry(draft, 'root_keys', { key_id: key.keyId, pubkey_b64: key.pubkeyB64 });
}

/** Takes a root key out. */
export function removeRoot(draft: Draft, keyId: string): Draft {
  return removeEntry(draft, 'root_keys', keyId);
}

/** Puts `next` where the root `keyId` stood. */
export function replaceRoot(draft: Draft, keyId: string, next: { keyId: string; pubkeyB64: string }): Draft {
  const root_keys = entriesOf(draft, 'root_keys').map((entry) =>
    entry.key_id === keyId ? { key_id: next.keyId, pubkey_b64: next.pubkeyB64 } : entry,
  );
  return { ...draft, root_keys };
}

/** The one id in `lists` that begins with `prefix` (at least 8 characters). */
export function resolveKeyId(draft: Draft, lists: readonly KeyList[], prefix: string): string {
  const ids = lists.flatMap((list) => entriesOf(draft, list)).map((entry) => String(entry.key_id));
  const matches = prefix.length >= 8 ? ids.filter((id) => id.startsWith(prefix)) : [];
  const [match] = matches;
  if (match === undefined || matches.length > 1) {
    const known = ids.map(shortId).join(', ') || 'none';
    throw new Failure('refused', `expected the id of one key, or at least its first 8 characters, got "${prefix}"`, {
      hint: `listed are: ${known}`,
    });
  }
  return match;
}

/** The first 16 characters of a key id, as people read it. */
export function shortId(keyId: string): string {
  return keyId.slice(0, 16);
}

type KeyList = 'root_keys' | 'valid_keys' | 'push_keys' | 'revoked_keys';

function assertNotRevoked(draft: Draft, key: PublicKey): void {
  if (!findEntry(draft, 'revoked_keys', key.keyId)) return;
  throw new Failure('refused', `key ${shortId(key.keyId)} is revoked`, {
    hint: 'make a new key; a revoked one never returns',
  });
}

/** Clients would refuse every release under a list that names a log whose key is revoked. */
function assertNotLog({ log }: Draft, keyId: string): void {
  if (log === undefined || parseObject(log, 'log').key_id !== keyId) return;
  throw new Failure('refused', `key ${shortId(keyId)} is that of the log which the list names`, {
    hint: 'first `signpost root set-log` with the next one, or `signpost root remove-log`',
  });
}

function entriesOf(draft: Draft, name: KeyList | 'projects'): readonly SignableObject[] {
  if (draft[name] === undefined) return [];
  return parseArray(draft, name).map((item: SignableValue) => parseObject(item, `an entry of ${name}`));
}

function findEntry(draft: Draft, list: KeyList, keyId: string): SignableObject | undefined {
  return entriesOf(draft, list).find((entry) => entry.key_id === keyId);
}

function replaceEntry(draft: Draft, list: KeyList, entry: SignableObject): Draft {
  const entries = entriesOf(draft, list);
  const exists = entries.some(({ key_id }) => key_id === entry.key_id);
  const next = exists ? entries.map((old) => (old.key_id === entry.key_id ? entry : old)) : [...entries, entry];
  return { ...draft, [list]: next };
}

function removeEntry(draft: Draft, list: KeyList, keyId: string): Draft {
  return { ...draft, [list]: entriesOf(draft, list).filter((entry) => entry.key_id !== keyId) };
}

/** Refuses an edit that makes the draft unsignable, naming the edit's fault and not the file's. */
export async function assertSignable(draft: Draft): Promise<void> {
  await parseDraft(draft).catch((error: unknown) => {
    if (!(error instanceof TrustError)) throw error;
    throw new Failure('refused', error.message, {
      hint: 'nothing was changed; see `signpost root show`',
      cause: error,
    });
  });
}
