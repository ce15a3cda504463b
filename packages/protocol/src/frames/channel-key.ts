/** Channel keys: Ed25519, minutes long, in memory only, and vouched for by a push key of the trust list. */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText, type SignableObject } from '../json/canonical.ts';
import { assertMembers, parseArray, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { parseSignableText } from '../json/parse.ts';
import { encodeTime } from '../json/time.ts';
import { isSignature, type PublicKey, parsePublicKey, type Signer } from '../keys/ed25519.ts';
import { sha256Pattern } from '../updates/envelope.ts';
import { slugPattern } from '../updates/names.ts';
import type { PushKey, TrustList } from '../updates/trust-list.ts';
import { isKeyUsable } from '../updates/verify-manifest.ts';
import type { VerifiedTrustList } from '../updates/verify-trust-list.ts';
import { channelNamePattern } from './frame.ts';
import type { FrameKey } from './frame-key.ts';

/** The largest certificate of a channel key, in characters. */
export const maxChannelKeyLength = 4096;

/** The longest that a channel key may be in force: they live minutes. */
export const maxChannelKeyLifeMs = 3_600_000;

/** What the certificate of a channel key says. */
export interface ChannelKeyFields {
  /** The raw key in base64. */
  readonly pubkeyB64: string;
  /** `*`, or names. */
  readonly channels: readonly string[];
  /** The slug of the organisation; absent: whoever's trust list names the push key. */
  readonly organisation?: string | undefined;
  /** Unix milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A channel key that a push key in force vouches for. Only `verifyChannelKey` makes one. */
export interface VerifiedChannelKey extends FrameKey {
  readonly verified: 'channel-key';
  readonly algorithm: 'ed25519';
  readonly pushKeyId: string;
  readonly organisation: string | undefined;
  /** The canonical text of the certificate, for serving. */
  readonly text: string;
}

// No document that a push key might be made to sign begins like this: canonical JSON begins with a brace.
const signingPrefix = 'signpost channel key v1:';
const channelKeyType = 'signpost.channel-key';

/** The id of a channel key: the first half of its key id. */
export function deriveKid({ keyId }: Pick<PublicKey, 'keyId'>): string {
  return keyId.slice(0, 32);
}

/** The certificate of a channel key, in canonical JSON. It judges nothing: whoever publishes it verifies it first. */
export async function writeChannelKey(pushKey: Signer, fields: ChannelKeyFields): Promise<string> {
  const document: SignableObject = {
    type: channelKeyType,
    version: 1,
    kid: deriveKid(await parsePublicKey(fields.pubkeyB64)),
    pubkey_b64: fields.pubkeyB64,
    channels: fields.channels,
    organisation: fields.organisation,
    not_before: encodeTime(fields.notBefore),
    not_after: encodeTime(fields.notAfter),
  };
  const sig = encodeBase64(await pushKey.sign(encodeSigned(document)));
  return encodeCanonicalText({ channel_key: document, key_id: pushKey.keyId, sig });
}

/**
 * Verifies the certificate of a channel key under `trust`, at `now` in Unix milliseconds. One whose time is still to come is
 * accepted, since keys are published before their use. Throws `key_unknown`, `key_revoked`, `key_not_in_window`
 * (of either key), `bad_signature`, and the codes of parsing.
 */
export async function verifyChannelKey(
  trust: VerifiedTrustList,
  text: string,
  now: number,
): Promise<VerifiedChannelKey> {
  if (text.length > maxChannelKeyLength) {
    throw new TrustError('too_large', `expected at most ${maxChannelKeyLength} characters, got ${text.length}`);
  }
  const envelope = parseObject(parseSignableText(text), 'the certificate');
  assertMembers(envelope, ['channel_key', 'key_id', 'sig'], 'a certificate of a channel key');
  const pushKey = findPushKey(trust, parsePattern(envelope, 'key_id', sha256Pattern, 'a SHA-256 in hex'), now);
  const document = parseObject(envelope.channel_key, 'channel_key');
  if (!(await isSignature(pushKey.key, parseBase64(parseString(envelope, 'sig', 88)), encodeSigned(document)))) {
    throw new TrustError('bad_signature', 'expected a channel key signed by the push key that it names');
  }
  const fields = parseChannelKey(document);
  verifyLife(fields, pushKey, now);
  const key = await parsePublicKey(fields.pubkeyB64);
  if (document.kid !== deriveKid(key)) throw new TrustError('malformed', 'expected kid to be that of the key');
  const { channels, organisation, notBefore, notAfter } = fields;
  return {
    verified: 'channel-key',
    algorithm: 'ed25519',
    kid: deriveKid(key),
    ...{ channels, organisation, notBefore, notAfter },
    pushKeyId: pushKey.key.keyId,
    isSignature: (signature, message) => isSignature(key, signature, message),
    text: encodeCanonicalText(envelope),
  };
}

/** The push key `keyId` of `trust`, in force at `now`. Throws `key_unknown`, `key_revoked`, `key_not_in_window`. */
export function findPushKey(trust: TrustList, keyId: string, now: number): PushKey {
  const revoked = trust.revokedKeys.find((entry) => entry.keyId === keyId);
  if (revoked) throw new TrustError('key_revoked', `expected a push key in force, got one revoked: ${revoked.reason}`);
  const pushKey = trust.pushKeys.find(({ key }) => key.keyId === keyId);
  if (!pushKey)
    throw new TrustError('key_unknown', `expected a push key of the trust list, got ${keyId.slice(0, 16)}…`);
  if (!isKeyUsable(trust, pushKey, now)) {
    throw new TrustError('key_not_in_window', `expected a push key in force, got ${pushKey.label}`);
  }
  return pushKey;
}

function parseChannelKey(document: SignableObject): ChannelKeyFields {
  assertMembers(
    document,
    ['type', 'version', 'kid', 'pubkey_b64', 'channels', 'organisation', 'not_before', 'not_after'],
    'a channel key',
  );
  if (document.type !== channelKeyType || document.version !== 1) {
    throw new TrustError('format_unsupported', `expected a ${channelKeyType} of version 1`);
  }
  return {
    pubkeyB64: parseString(document, 'pubkey_b64', 44),
    channels: parseChannels(document),
    organisation:
      document.organisation === undefined
        ? undefined
        : parsePattern(document, 'organisation', slugPattern, 'the slug of an organisation'),
    notBefore: parseTime(document, 'not_before'),
    notAfter: parseTime(document, 'not_after'),
  };
}

function parseChannels(document: SignableObject): readonly string[] {
  return parseArray(document, 'channels').map((name) => {
    if (typeof name === 'string' && (name === '*' || channelNamePattern.test(name))) return name;
    throw new TrustError('malformed', 'expected the names of channels, or *');
  });
}

/** A channel key never outlives what vouches for it, and never lives long. */
function verifyLife({ notBefore, notAfter }: ChannelKeyFields, pushKey: PushKey, now: number): void {
  if (notAfter <= notBefore || notAfter - notBefore > maxChannelKeyLifeMs) {
    throw new TrustError('malformed', `expected a channel key of at most ${maxChannelKeyLifeMs} ms`);
  }
  const startsTooEarly = pushKey.notBefore !== undefined && notBefore < pushKey.notBefore;
  const endsTooLate = pushKey.notAfter !== undefined && notAfter > pushKey.notAfter;
  if (startsTooEarly || endsTooLate || notAfter <= now) {
    throw new TrustError('key_not_in_window', 'expected a channel key in force, within the window of its push key');
  }
}

function encodeSigned(document: SignableObject): Uint8Array<ArrayBuffer> {
  return encodeText(`${signingPrefix}${encodeCanonicalText(document)}`);
}
