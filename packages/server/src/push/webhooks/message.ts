/** What is posted for an event: type, time and data as in the frame that tells of it (Standard Webhooks, payload structure). */
import { channelOf, payloadTypes } from '@signpost/protocol/frames/payload';
import type { Event } from '../../storage/bus.ts';
import { draftOf, framedTopics } from '../log/topics.ts';

/** What is told of an endpoint that was switched off, to the others. */
export const disabledTopic = 'webhook.disabled';
/** What became of a plugin's deploy. */
const deployTopics = ['wordpress.deployed', 'wordpress.failed'] as const;
/** What authors hand in, and what became of it. */
const submissionTopics = [
  ...(['submission.received', 'submission.withdrawn', 'submission.refused', 'submission.approved'] as const),
];
/** What a person sends to try an endpoint out. */
export const testType = 'webhook.test';

/** Topics that are told as they are, to endpoints alone. */
const plainTopics: readonly string[] = [disabledTopic, ...deployTopics, ...submissionTopics];

/** The types that endpoints may ask for: those of frames that tell of events, and the plain ones. */
export const messageTypes: readonly string[] = [
  ...payloadTypes.filter((type) => type !== 'telemetry' && channelOf(type) !== undefined),
  ...plainTopics,
];

/** Whether an endpoint may ask for `type`: one of the server, or of an application. */
export function isMessageType(type: string): boolean {
  return messageTypes.includes(type) || /^app\.[a-z0-9.-]{1,60}$/.test(type);
}

/** The topics of events that become messages. */
export const messageTopics: readonly string[] = [...framedTopics, ...plainTopics];

/** A message, ready to be posted. */
export interface Message {
  readonly type: string;
  /** Byte for byte. */
  readonly body: string;
  /** The slug of the project that it is about. */
  readonly project: string | undefined;
}

/** Standard Webhooks asks for less than 20 KiB. */
const maxBodyBytes = 20_000;

/** The message that an event becomes; undefined when it becomes none. */
export function messageOf(event: Event): Message | undefined {
  if (plainTopics.includes(event.topic)) return writeMessage(event.topic, event.payload, event.at);
  const draft = draftOf(event);
  return draft && writeMessage(draft.type, draft.data ?? {}, event.at);
}

/** Writes a message. Data that would make it longer than 20,000 bytes is left out, and the message says so. */
export function writeMessage(type: string, data: Readonly<Record<string, unknown>>, at: number): Message {
  const timestamp = new Date(at).toISOString();
  const whole = JSON.stringify({ type, timestamp, data });
  const isLong = Buffer.byteLength(whole) > maxBodyBytes;
  return {
    type,
    body: isLong ? JSON.stringify({ type, timestamp, data: { omitted: true } }) : whole,
    project: typeof data.project === 'string' ? data.project : undefined,
  };
}
