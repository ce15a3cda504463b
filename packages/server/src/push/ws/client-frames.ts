/** Frames that a client sends: signed with its session key, verified as they come, and done one after the other. */
import { TrustError } from '@signpost/protocol/errors';
import type { KnownPayload } from '@signpost/protocol/frames/payload';
import { maxChannels } from '@signpost/protocol/frames/payload';
import { type VerifiedFrame, verifyFrame } from '@signpost/protocol/frames/verify-frame';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { BaseLogger } from 'pino';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { callerOf, type Principal } from '../../http/context.ts';
import type { Database } from '../../storage/database.ts';
import { assertMayHear } from '../channels/access.ts';
import { publishMessage } from '../channels/publish.ts';
import { requireStanding } from '../channels/standing.ts';
import type { Listener } from '../hub/audience.ts';
import type { Hub } from '../hub/hub.ts';
import type { KeyHolder, SessionKeys } from '../keys/session-keys.ts';
import type { Published } from '../log/publications.ts';
import type { Sequencer } from '../log/sequencer.ts';
import type { PushMetrics } from '../metrics.ts';
import type { Refusals } from '../refusals.ts';

/** What frames of clients are done with. */
export interface ClientFrameParts {
  readonly database: Database;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'error'>;
  readonly hub: Hub;
  readonly sequencer: Sequencer;
  readonly sessionKeys: SessionKeys;
  readonly metrics: PushMetrics;
  readonly refusals: Refusals;
}

/** The connection that a frame came on. */
export interface Sender {
  readonly organisation: { readonly id: string; readonly slug: string };
  readonly holder: KeyHolder;
  readonly listener: Listener;
}

/** A frame that was done. */
export interface DoneFrame {
  readonly kid: string;
  /** What an answer names it by. */
  readonly hash: string;
  /** Where stands what it published. */
  readonly published: Published | undefined;
}

/** Verifies a frame. Throws `frame_refused`, the same for whatever is wrong with it. */
export async function verifyClientFrame(
  { sessionKeys, now, refusals }: ClientFrameParts,
  { holder }: Sender,
  text: string,
): Promise<VerifiedFrame> {
  return verifyFrame(text, {
    keys: { find: (kid) => sessionKeys.find(holder, kid) },
    window: sessionKeys.windowOf(holder),
    now: now(),
    onRefused: (reason) => refusals.countRefused(reason, holder.organisationId),
  });
}

/** Does what a frame says; resolves when that is done, and durable. Throws a Refusal for what its sender may not do. */
export async function actOnFrame(
  parts: ClientFrameParts,
  sender: Sender,
  { kid, hash, known }: VerifiedFrame,
): Promise<DoneFrame> {
  if (!known) throw new Refusal('invalid', 'expected a type that clients send', { rule: 'push-type' });
  // A role may have changed since the connection was opened.
  const principal = await requireStanding(parts, sender.holder);
  return { kid, hash, published: await act(parts, { ...sender, principal }, known) };
}

interface Acting extends Sender {
  readonly principal: Principal;
}

async function act(
  parts: ClientFrameParts,
  acting: Acting,
  { type, data = {} }: KnownPayload,
): Promise<Published | undefined> {
  switch (type) {
    case 'client.subscribe':
      await subscribe(parts, acting, data);
      return undefined;
    case 'client.unsubscribe':
      await unsubscribe(parts, acting, data);
      return undefined;
    case 'client.acknowledge':
      parts.metrics.countAcknowledged();
      return undefined;
    case 'client.publish':
      return publish(parts, acting, data);
    default:
      throw new Refusal('invalid', 'expected a type that clients send', { rule: 'push-type' });
  }
}

async function subscribe(
  { hub }: ClientFrameParts,
  { organisation, listener, principal }: Acting,
  data: SignableObject,
) {
  const names = [...new Set([...listener.audience.names, ...namesOf(data)])].sort();
  if (names.length > maxChannels) {
    throw new Refusal('invalid', `expected at most ${maxChannels} channels`, { rule: 'push-channels' });
  }
  assertMayHear(await hub.feedOf(organisation.id), principal, names);
  const since = typeof data.since === 'string' ? data.since : undefined;
  await hub.move(listener, { organisationId: organisation.id, names, since });
}

async function unsubscribe({ hub }: ClientFrameParts, { organisation, listener }: Acting, data: SignableObject) {
  const left = new Set(namesOf(data));
  const names = listener.audience.names.filter((name) => !left.has(name));
  if (names.length === 0) throw new Refusal('invalid', 'expected a channel to stay; close the connection instead');
  await hub.move(listener, { organisationId: organisation.id, names, since: undefined });
}

async function publish(parts: ClientFrameParts, { organisation, principal }: Acting, data: SignableObject) {
  if (!mayPublish(principal)) throw new Refusal('forbidden', 'expected a role that may publish', { rule: 'role' });
  const caller: Caller = callerOf({ organisation, principal });
  return publishMessage(parts, caller, {
    channel: String(data.channel),
    type: String(data.type),
    data: isObject(data.data) ? data.data : undefined,
    idempotencyKey: typeof data.idempotency_key === 'string' ? data.idempotency_key : undefined,
  });
}

/** As the role table says of `POST /api/push/channels/{channel}/frames`. */
function mayPublish(principal: Principal): boolean {
  if (principal.kind === 'person') return principal.role !== 'viewer';
  if (principal.kind !== 'api-key' || principal.scope !== '*') return false;
  return principal.verbs.includes('manage') || principal.verbs.includes('admin');
}

/** Whether something that was thrown is the sender's doing. */
export function isRefused(error: unknown): error is TrustError | Refusal {
  return error instanceof TrustError || error instanceof Refusal;
}

function namesOf({ channels }: SignableObject): string[] {
  return Array.isArray(channels) ? channels.map(String) : [];
}

function isObject(value: unknown): value is SignableObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
