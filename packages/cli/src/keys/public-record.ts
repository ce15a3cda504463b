/** The public half of a key as one JSON object: what `signpost key create --json` prints and `root add-key --key` reads. */
import { readFile } from 'node:fs/promises';
import { TrustError } from '@signpost/protocol/errors';
import type { SignableObject, SignableValue } from '@signpost/protocol/json/canonical';
import { parseArray, parseObject, parseString } from '@signpost/protocol/json/fields';
import { parseSignable } from '@signpost/protocol/json/parse';
import { type PublicKey, parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { parseScope, type Scope } from '@signpost/protocol/updates/names';
import type { Custody } from '@signpost/protocol/updates/trust-list';
import { Failure } from '../terminal/failure.ts';
import type { JsonValue } from '../terminal/output.ts';

/** A public key with what its owner says about it; the root holder decides what of that goes into the list. */
export interface PublicRecord {
  readonly key: PublicKey;
  readonly label: string | undefined;
  readonly custody: Custody | undefined;
  readonly scope: readonly Scope[] | undefined;
  /** The push keys of the server that the key is from. */
  readonly pushKeys: readonly PushKeyRecord[];
}

/** A key that vouches for the keys of signed frames, as the server names it. */
interface PushKeyRecord {
  readonly key: PublicKey;
  readonly label: string;
}

const maxRecordBytes = 16_384;

/** Reads the record at `path`. Throws Failure when it is not there and TrustError when it is not one. */
export async function readPublicRecord(path: string): Promise<PublicRecord> {
  const bytes = await readFile(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, {
      cause,
      hint: 'save the output of `signpost key create --json`',
    });
  });
  return parsePublicRecord(bytes);
}

/** Parses a record. Members that it does not know are left alone. */
export async function parsePublicRecord(bytes: Uint8Array): Promise<PublicRecord> {
  const entry = parseObject(parseSignable(bytes, maxRecordBytes), 'the public key record');
  return {
    key: await parseRecordedKey(entry),
    label: entry.label === undefined ? undefined : parseString(entry, 'label', 100),
    custody: parseCustody(entry.custody),
    scope: entry.scope === undefined ? undefined : parseScopes(entry),
    pushKeys:
      entry.push_keys === undefined ? [] : await Promise.all(parseArray(entry, 'push_keys').map(parsePushKeyRecord)),
  };
}

async function parsePushKeyRecord(item: SignableValue): Promise<PushKeyRecord> {
  const entry = parseObject(item, 'a push key');
  return { key: await parseRecordedKey(entry), label: parseString(entry, 'label', 100) };
}

async function parseRecordedKey(entry: SignableObject): Promise<PublicKey> {
  const key = await parsePublicKey(parseString(entry, 'pubkey_b64'));
  if (entry.key_id !== undefined && entry.key_id !== key.keyId) {
    throw new TrustError('malformed', 'expected key_id to be the SHA-256 of the key');
  }
  return key;
}

/** `custody` as it may stand in a record or an option. */
export function parseCustody(value: unknown): Custody | undefined {
  if (value === undefined || value === 'server' || value === 'maintainer') return value;
  throw new TrustError('malformed', 'expected custody to be "server" or "maintainer"');
}

/** The server keeps one scope a key, the trust list several. */
function parseScopes(entry: SignableObject): Scope[] {
  if (typeof entry.scope === 'string') return [parseScope(entry.scope)];
  return parseArray(entry, 'scope').map((scope) => parseScope(typeof scope === 'string' ? scope : ''));
}

/** The record to print for a maintainer's key. */
export function encodePublicRecord(record: { keyId: string; pubkeyB64: string; label: string }): {
  readonly [key: string]: JsonValue;
} {
  return { key_id: record.keyId, pubkey_b64: record.pubkeyB64, label: record.label, custody: 'maintainer' };
}
