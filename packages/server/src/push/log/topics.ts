/** Which events become frames, of which type, with which data: a hint that names an object and its digest, never the object. */
import type { FramePayload } from '@signpost/protocol/frames/frame';
import type { SignableObject, SignableValue } from '@signpost/protocol/json/canonical';
import { encodeTime } from '@signpost/protocol/json/time';
import type { Event } from '../../storage/bus.ts';

/** A frame to be: all but its place in the log. */
export interface Draft extends Pick<FramePayload, 'channel' | 'type' | 'data'> {
  /** When what it tells of happened, in Unix milliseconds. */
  readonly since: number;
}

interface Conversion {
  readonly channel: string;
  readonly type: string;
  readonly describe: (payload: Event['payload']) => SignableObject;
}

const conversions: Readonly<Record<string, Conversion>> = {
  'release.activated': { channel: 'releases', type: 'release.activated', describe: describeRelease },
  'release.withdrawn': { channel: 'releases', type: 'release.withdrawn', describe: describeRelease },
  'release.quarantined': { channel: 'releases', type: 'release.quarantined', describe: describeRelease },
  'trust.updated': {
    channel: 'trust',
    type: 'trust.updated',
    describe: ({ trust_version, digest }) => keep({ trust_version, sha256: digest }),
  },
  // By a trust list, for all clients; and by an admin, whose word clients take for a reason to fetch the next list.
  'key.revoked': { channel: 'trust', type: 'key.revoked', describe: describeKey },
  'signing_key.revoked': { channel: 'trust', type: 'key.revoked', describe: describeKey },
  'catalogue.updated': {
    channel: 'catalogue',
    type: 'catalogue.updated',
    describe: ({ collection, version, sha256 }) => keep({ collection, version, sha256 }),
  },
  'certificate.revoked': { channel: 'certificates', type: 'certificate.revoked', describe: describeCertificate },
  'certificate.expiring': { channel: 'certificates', type: 'certificate.expiring', describe: describeCertificate },
  'revocation_list.expiring': {
    channel: 'certificates',
    type: 'revocation.expiring',
    describe: ({ authority, number, not_after }) =>
      keep({ authority, number, not_after: encodeTime(Number(not_after)) }),
  },
  'evidence.denied': {
    channel: 'evidence',
    type: 'evidence.denied',
    describe: ({ project, version, policy_sha256 }) => keep({ project, version, sha256: policy_sha256 }),
  },
  'watch.finding.opened': { channel: 'watch', type: 'watch.finding.opened', describe: describeFinding },
  // Whoever waits for an alarm waits for this one as well.
  'watch.finding.reopened': { channel: 'watch', type: 'watch.finding.opened', describe: describeFinding },
  'watch.finding.escalated': { channel: 'watch', type: 'watch.finding.escalated', describe: describeFinding },
  'watch.finding.resolved': { channel: 'watch', type: 'watch.finding.resolved', describe: describeFinding },
};

/** The topics whose events become frames. */
export const framedTopics: readonly string[] = Object.keys(conversions);

/** Whether events of `topic` become frames. */
export function isFramed(topic: string): boolean {
  return Object.hasOwn(conversions, topic);
}

/** The frame that an event becomes; undefined when it becomes none. */
export function draftOf({ topic, payload, at }: Pick<Event, 'topic' | 'payload' | 'at'>): Draft | undefined {
  const conversion = isFramed(topic) ? conversions[topic] : undefined;
  if (!conversion) return undefined;
  const { channel, type, describe } = conversion;
  return { channel, type, data: describe(payload), since: at };
}

function describeRelease({ project, version, channel, counter, sha256 }: Event['payload']): SignableObject {
  return keep({ project, version, channel, counter, sha256 });
}

function describeKey({ key_id, trust_version }: Event['payload']): SignableObject {
  return keep({ key_id, trust_version });
}

function describeCertificate({ serial, sha256, reason, not_after }: Event['payload']): SignableObject {
  return keep({ serial, sha256, reason, not_after: typeof not_after === 'number' ? encodeTime(not_after) : undefined });
}

function describeFinding({ finding, kind, severity, sha256 }: Event['payload']): SignableObject {
  return keep({ finding, kind, severity, sha256 });
}

/** The members that are texts and integers. */
function keep(members: Readonly<Record<string, unknown>>): SignableObject {
  const kept: Record<string, SignableValue> = {};
  for (const [name, value] of Object.entries(members)) {
    if (typeof value === 'string' || typeof value === 'number') kept[name] = value;
  }
  return kept;
}
