/** What frames may say: a closed set of types, each on its channel and with the members that its data must have. */
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseArray, parseInteger, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { sha256Pattern } from '../updates/envelope.ts';
import { channelPattern, slugPattern, versionPattern } from '../updates/names.ts';
import { parseCursor } from './cursor.ts';
import { channelNamePattern, epochPattern, type FramePayload, frameHashPattern } from './frame.ts';

/** The most channels of one connection. */
export const maxChannels = 16;

/** All types but those of applications, `app.<name>`. */
export const payloadTypes = [
  'release.activated',
  'release.withdrawn',
  'release.quarantined',
  'trust.updated',
  'key.revoked',
  'certificate.revoked',
  'certificate.expiring',
  'revocation.expiring',
  'evidence.denied',
  'watch.finding.opened',
  'watch.finding.resolved',
  'watch.finding.escalated',
  'catalogue.updated',
  'telemetry',
  'heartbeat',
  'snapshot',
  'client.subscribe',
  'client.unsubscribe',
  'client.acknowledge',
  'client.publish',
  'session.answered',
] as const;

/** A type of this version. */
export type PayloadType = (typeof payloadTypes)[number];

type Data = SignableObject | undefined;

interface PayloadRule {
  /** The channel that the type stands on, or what the names of its channels begin with (`app.`); absent: any. */
  readonly channel?: string;
  readonly assertData: (data: Data) => void;
}

const rules: Readonly<Record<PayloadType, PayloadRule>> = {
  'release.activated': { channel: 'releases', assertData: assertRelease },
  'release.withdrawn': { channel: 'releases', assertData: assertRelease },
  'release.quarantined': { channel: 'releases', assertData: assertRelease },
  'trust.updated': { channel: 'trust', assertData: assertTrustUpdate },
  'key.revoked': { channel: 'trust', assertData: assertKeyRevocation },
  'certificate.revoked': { channel: 'certificates', assertData: assertCertificate },
  'certificate.expiring': { channel: 'certificates', assertData: assertCertificate },
  'revocation.expiring': { channel: 'certificates', assertData: assertRevocationList },
  'evidence.denied': { channel: 'evidence', assertData: assertDenial },
  'watch.finding.opened': { channel: 'watch', assertData: assertFinding },
  'watch.finding.resolved': { channel: 'watch', assertData: assertFinding },
  'watch.finding.escalated': { channel: 'watch', assertData: assertFinding },
  'catalogue.updated': { channel: 'catalogue', assertData: assertCatalogue },
  telemetry: { channel: 'system', assertData: assertTelemetry },
  heartbeat: { assertData: assertNoData },
  snapshot: { assertData: assertSnapshot },
  'client.subscribe': { channel: 'session.', assertData: assertSubscription },
  'client.unsubscribe': { channel: 'session.', assertData: assertSubscription },
  'client.acknowledge': { channel: 'session.', assertData: assertAcknowledgement },
  'client.publish': { channel: 'session.', assertData: assertPublication },
  'session.answered': { channel: 'session.', assertData: assertAnswer },
};

/** A payload of a type that this version knows. Only `parsePayload` makes one. */
export interface KnownPayload extends FramePayload {
  readonly type: PayloadType | `app.${string}`;
  readonly known: true;
}

/**
 * `payload` as one of a type that this version knows; `undefined` for a type of a later one, which is chained and counted and not
 * delivered. Members of `data` that this version does not know are passed over. Throws `malformed` for other data
 * than the type has, and for a type on a channel that is not its own.
 */
export function parsePayload(payload: FramePayload): KnownPayload | undefined {
  const { type, channel, data } = payload;
  const rule = findRule(type);
  if (!rule) return undefined;
  if (!isOnItsChannel(rule, channel)) throw new TrustError('malformed', `expected no ${type} on channel ${channel}`);
  rule.assertData(data);
  return { ...payload, type: type as KnownPayload['type'], known: true };
}

/** The one channel of `type`; `undefined` for types that stand on several, and for unknown ones. */
export function channelOf(type: string): string | undefined {
  const channel = findRule(type)?.channel;
  return channel?.endsWith('.') ? undefined : channel;
}

function findRule(type: string): PayloadRule | undefined {
  if (type.startsWith('app.')) return { channel: 'app.', assertData: () => undefined };
  return Object.hasOwn(rules, type) ? rules[type as PayloadType] : undefined;
}

function isOnItsChannel({ channel }: PayloadRule, name: string): boolean {
  if (channel === undefined) return true;
  return channel.endsWith('.') ? name.startsWith(channel) : name === channel;
}

/** `sha256` is the digest of the canonical manifest, so that whoever fetches it knows whether it is the one meant. */
function assertRelease(data: Data): void {
  const release = requireData(data);
  parsePattern(release, 'project', slugPattern, 'a project slug');
  parsePattern(release, 'version', versionPattern, 'a version');
  if (release.channel !== undefined) parsePattern(release, 'channel', channelPattern, 'a release channel');
  if (release.counter !== undefined) parseInteger(release, 'counter', 1);
  if (release.sha256 !== undefined) parseSha256(release);
}

/** `sha256` is the digest of the canonical `trust`. */
function assertTrustUpdate(data: Data): void {
  const update = requireData(data);
  parseInteger(update, 'trust_version', 1);
  parseSha256(update);
}

function assertKeyRevocation(data: Data): void {
  const revocation = requireData(data);
  parsePattern(revocation, 'key_id', sha256Pattern, 'a SHA-256 in hex');
  if (revocation.trust_version !== undefined) parseInteger(revocation, 'trust_version', 1);
}

/** `sha256` is the fingerprint: the digest of the certificate's DER. */
function assertCertificate(data: Data): void {
  const certificate = requireData(data);
  parsePattern(certificate, 'serial', /^[0-9a-f]{2,40}$/, 'a serial number in hex');
  if (certificate.sha256 !== undefined) parseSha256(certificate);
  if (certificate.reason !== undefined) parseString(certificate, 'reason', 40);
  if (certificate.not_after !== undefined) parseTime(certificate, 'not_after');
}

/** `authority` is the name under which the list is published. */
function assertRevocationList(data: Data): void {
  const list = requireData(data);
  parsePattern(list, 'authority', /^[a-z0-9-]{1,63}$/, 'the name of an authority');
  parseInteger(list, 'number', 1);
  parseTime(list, 'not_after');
}

/** `sha256` is the digest of the policy. */
function assertDenial(data: Data): void {
  const denial = requireData(data);
  parsePattern(denial, 'project', slugPattern, 'a project slug');
  parsePattern(denial, 'version', versionPattern, 'a version');
  if (denial.sha256 !== undefined) parseSha256(denial);
}

function assertFinding(data: Data): void {
  const finding = requireData(data);
  parseString(finding, 'finding', 64);
  parseString(finding, 'severity', 20);
  if (finding.sha256 !== undefined) parseSha256(finding);
}

function assertCatalogue(data: Data): void {
  parseSha256(requireData(data));
}

/** Numbers by name, of the sender's choosing. */
function assertTelemetry(data: Data): void {
  const telemetry = requireData(data);
  for (const name of Object.keys(telemetry)) parseInteger(telemetry, name, Number.MIN_SAFE_INTEGER);
}

function assertNoData(data: Data): void {
  if (data !== undefined) throw new TrustError('malformed', 'expected no data');
}

/** What lies before `oldest` cannot be had any more. */
function assertSnapshot(data: Data): void {
  parseInteger(requireData(data), 'oldest', 1);
}

function assertSubscription(data: Data): void {
  const subscription = requireData(data);
  const names = parseArray(subscription, 'channels');
  const isWellFormed = names.every((name) => typeof name === 'string' && channelNamePattern.test(name));
  if (names.length === 0 || names.length > maxChannels || !isWellFormed) {
    throw new TrustError('malformed', `expected the names of 1 to ${maxChannels} channels`);
  }
  if (subscription.since !== undefined) parseCursor(parseString(subscription, 'since'));
}

function assertAcknowledgement(data: Data): void {
  parseCursor(parseString(requireData(data), 'cursor'));
}

function assertPublication(data: Data): void {
  const publication = requireData(data);
  parsePattern(publication, 'channel', channelNamePattern, 'the name of a channel');
  parsePattern(publication, 'type', /^app\.[a-z0-9.-]{1,60}$/, 'a type of an application');
  if (publication.idempotency_key !== undefined) parseString(publication, 'idempotency_key', 64);
}

/** `answers` is the hash of the frame that was done; `epoch` and `sequence` say where stands what it published. */
function assertAnswer(data: Data): void {
  const answer = requireData(data);
  parsePattern(answer, 'answers', frameHashPattern, 'base64 of 32 octets');
  if (answer.epoch === undefined && answer.sequence === undefined) return;
  parsePattern(answer, 'epoch', epochPattern, 'an epoch');
  parseInteger(answer, 'sequence', 1);
}

function requireData(data: Data): SignableObject {
  if (data === undefined) throw new TrustError('malformed', 'expected data');
  return data;
}

function parseSha256(data: SignableObject): string {
  return parsePattern(data, 'sha256', sha256Pattern, 'a SHA-256 in hex');
}
