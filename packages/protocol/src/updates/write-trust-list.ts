/** Writes the `trust` object that the roots sign (docs/protocol/trust-list.md). */
import type { SignableObject } from '../json/canonical.ts';
import { encodeTime } from '../json/time.ts';
import type { PublicKey } from '../keys/ed25519.ts';
import type { ProjectRule, PushKey, RevokedKey, TrustedKey, TrustedLog, TrustList } from './trust-list.ts';

/** A public key as it is written: the platform's handle is not needed. */
type KeyText = Pick<PublicKey, 'keyId' | 'pubkeyB64'>;

/** What a trust list says. A parsed `TrustList` is one, so that a list can be read, changed and written again. */
export interface TrustListFields extends Omit<TrustList, 'roots' | 'validKeys' | 'pushKeys' | 'log'> {
  readonly roots: { readonly keys: readonly KeyText[]; readonly threshold: number } | undefined;
  readonly validKeys: readonly TrustedKeyFields[];
  readonly pushKeys: readonly PushKeyFields[];
  readonly log?: TrustedLogFields | undefined;
}

/** A key that may sign, as it is written. */
export interface TrustedKeyFields extends Omit<TrustedKey, 'key'> {
  readonly key: KeyText;
}

/** A key that certifies channel keys, as it is written. */
export interface PushKeyFields extends Omit<PushKey, 'key'> {
  readonly key: KeyText;
}

/** A log, as it is written. */
export interface TrustedLogFields extends Omit<TrustedLog, 'key'> {
  readonly key: KeyText;
}

/** The document that `parseTrustList` reads back to the same fields. It judges nothing: parse it before signing. */
export function createTrustListDocument(fields: TrustListFields): SignableObject {
  return {
    trust_version: fields.version,
    issued_at: encodeTime(fields.issuedAt),
    expires_at: encodeTime(fields.expiresAt),
    root_keys: fields.roots?.keys.map(encodeKey),
    threshold: fields.roots?.threshold,
    valid_keys: fields.validKeys.map(encodeTrustedKey),
    // Left out while empty, so that lists from before there were any stay what they are.
    push_keys: fields.pushKeys.length === 0 ? undefined : fields.pushKeys.map(encodePushKey),
    log: fields.log && { origin: fields.log.origin, ...encodeKey(fields.log.key) },
    revoked_keys: fields.revokedKeys.map(encodeRevokedKey),
    projects: fields.projects.length === 0 ? undefined : fields.projects.map(encodeProjectRule),
  };
}

function encodeKey({ keyId, pubkeyB64 }: KeyText): SignableObject {
  return { key_id: keyId, pubkey_b64: pubkeyB64 };
}

function encodeTrustedKey({ key, label, custody, scope, notBefore, notAfter }: TrustedKeyFields): SignableObject {
  return {
    ...encodeKey(key),
    label,
    custody,
    scope,
    ...encodeWindow({ notBefore, notAfter }),
  };
}

function encodePushKey({ key, label, notBefore, notAfter }: PushKeyFields): SignableObject {
  return { ...encodeKey(key), label, ...encodeWindow({ notBefore, notAfter }) };
}

function encodeWindow({ notBefore, notAfter }: Pick<TrustedKey, 'notBefore' | 'notAfter'>): SignableObject {
  return {
    not_before: notBefore === undefined ? undefined : encodeTime(notBefore),
    not_after: notAfter === undefined ? undefined : encodeTime(notAfter),
  };
}

function encodeRevokedKey({ keyId, pubkeyB64, reason, revokedAt, effectiveFrom }: RevokedKey): SignableObject {
  return {
    key_id: keyId,
    pubkey_b64: pubkeyB64,
    reason,
    revoked_at: encodeTime(revokedAt),
    effective_from: effectiveFrom === undefined ? undefined : encodeTime(effectiveFrom),
  };
}

function encodeProjectRule({ project, approvals, counterEpoch }: ProjectRule): SignableObject {
  return { project, approvals, counter_epoch: counterEpoch };
}
