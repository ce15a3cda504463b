/** What a subscription is asked for, and what it gives. */
import type { ClientFrameType } from '../../frames/session-frames.ts';
import type { SignableObject } from '../../json/canonical.ts';
import type { StateStore } from '../state.ts';
import type { UpdaterOptions } from '../updater.ts';
import type { PublishedPlace } from './answers.ts';
import type { TransportName, WebSocketClass } from './connection.ts';
import type { FrameListener } from './receiver.ts';

/** What an application hands in. Server, roots and store are those of an updater; several may share a store. */
export interface SubscribeOptions extends Omit<UpdaterOptions, 'maxAgeMs' | 'onStep'>, FrameListener {
  readonly channels: readonly string[];
  /** Keeps how far was read; absent: each subscription begins at the head, or at `since`. */
  readonly positions?: StateStore | undefined;
  /** A cursor to begin after, for channels without a position. */
  readonly since?: string | undefined;
  /** The ways to try, in this order; absent: all. */
  readonly transports?: readonly TransportName[] | undefined;
  /** Asked for each request, such as an API key; WebSockets of browsers take none, and are left out unless `webSocket` is given. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
  /** `same-origin` for the session cookie of a page; absent: `omit`. */
  readonly credentials?: RequestCredentials | undefined;
  /** Whether to hold session keys, for frames of the client's own and what the server answers to them. */
  readonly session?: boolean | undefined;
  /** Absent: the platform's, if it has one. */
  readonly webSocket?: WebSocketClass | undefined;
  /** How often the server states the head of a channel, in milliseconds; absent: 5,000. */
  readonly heartbeatMs?: number | undefined;
  /** Numbers from 0 to 1; absent: the platform's. */
  readonly random?: (() => number) | undefined;
  /** Told of each connection, and why it ended; the next one is made by itself. */
  readonly onConnection?: ((event: ConnectionEvent) => void) | undefined;
}

/** What happens to the connections. */
export type ConnectionEvent =
  | { readonly kind: 'open'; readonly transport: TransportName }
  | { readonly kind: 'end'; readonly transport: TransportName; readonly reason: unknown; readonly nextInMs: number };

/** A frame of the client's own that is on its way. */
export interface Sent {
  /**
   * Resolves when the server has done what the frame says, and what it published is durable: with its place then. Rejects with
   * `fetch_failed` when the connection ends first, which is also how the server refuses: send again under the same `idempotency_key`. A listener
   * must not wait for it, since answers come in turn with what it is told.
   */
  readonly answered: Promise<PublishedPlace | undefined>;
}

/** A running subscription. */
export interface Subscription {
  /** Where the channels stand; `undefined` before anything was heard. */
  readonly cursor: string | undefined;
  /** Settles when it has ended: resolves after `close`, rejects when nothing can be heard any more or a listener threw. */
  readonly ended: Promise<void>;
  /**
   * Sends a frame of the client's own, over a WebSocket with a session key (`session`): eight at once, then one in 1.1 s; what is
   * sent faster waits. Resolves when it is on its way. `client.subscribe` and `client.unsubscribe` change the channels of this
   * subscription, also for the connections to come. Throws `fetch_failed` while no WebSocket is open, `key_unknown` without a
   * session key, a TypeError for too many channels or none, and as `writeFrame`.
   */
  send(type: ClientFrameType, data: SignableObject): Promise<Sent>;
  /** Ends it; resolves when the last frame was handed over and the positions are stored. */
  close(): Promise<void>;
}
