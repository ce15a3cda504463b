/** Keeps a subscription connected: the way, the pauses, the watch over silence, the keys, the positions. */
import { TrustError } from '../../errors.ts';
import { parseCursor } from '../../frames/cursor.ts';
import { maxChannels } from '../../frames/payload.ts';
import { ReplayWindow } from '../../frames/replay-window.ts';
import { type ClientFrameType, SessionFrames } from '../../frames/session-frames.ts';
import type { VerifiedFrame } from '../../frames/verify-frame.ts';
import type { SignableObject } from '../../json/canonical.ts';
import { createTransport } from '../transport.ts';
import { createUpdater } from '../updater.ts';
import { Answers } from './answers.ts';
import { BackOff } from './back-off.ts';
import type { ReadPosition } from './channel-log.ts';
import {
  ConnectionEnd,
  type ConnectionParts,
  findFatal,
  type Message,
  type TransportName,
  transportNames,
} from './connection.ts';
import { KeySource } from './key-source.ts';
import { Keyring } from './keyring.ts';
import { openEventStream } from './open-event-stream.ts';
import { askForFrames, openLongPoll } from './open-long-poll.ts';
import { openWebSocket } from './open-web-socket.ts';
import { Pace } from './pace.ts';
import { cursorOf, encodePositions, type Positions, parsePositions } from './positions.ts';
import { Receiver } from './receiver.ts';
import type { Sent, SubscribeOptions } from './subscription.ts';

/** Nothing fresh for so many heartbeats: the connection is cut. */
const silentAfter = 3;
/** A way that was open for so many without anything fresh is left: something buffers. */
const unheardAfter = 2;
/** So many connections in a row that fell silent soon after their beginning, and the way is left as well. */
const breathlessAfter = 2;
/** So many may a connection take to be made. */
const unansweredAfter = 3;

/** What is known of a connection. */
interface Health {
  readonly way: TransportName;
  readonly cut: AbortController;
  isOpen: boolean;
  /** In how many heartbeats something fresh came. */
  heard: number;
  /** Heartbeats in a row that brought nothing fresh. */
  quiet: number;
}

/** How a connection ended. */
interface Ended {
  readonly way: TransportName;
  readonly reason: unknown;
  readonly hasHeard: boolean;
}

/** One subscription: a connection after the other, and what looks after them. */
export class Listening {
  readonly #options: SubscribeOptions;
  readonly #closing = new AbortController();
  readonly #keys: KeySource;
  readonly #keyring: Keyring;
  readonly #backOff: BackOff;
  readonly #parts: Omit<ConnectionParts, 'channels' | 'signal' | 'cursor' | 'onSender'>;
  readonly #ownFrames = new SessionFrames();
  readonly #answers = new Answers();
  readonly #pace = new Pace();
  #receiver: Receiver | undefined;
  #send: ((text: string) => void) | undefined;
  #way = 0;
  #retryMs = 0;
  #breathless = 0;
  #storedText: string | undefined;
  /** The calls of the receiver wait for each other. */
  #turn: Promise<void> = Promise.resolve();
  /** Frames of the client are chained: one is written after the other. */
  #sending: Promise<void> = Promise.resolve();

  constructor(options: SubscribeOptions) {
    const { base, fetch, now, random = Math.random, headers = () => ({}), credentials = 'omit' } = options;
    const { session = false, webSocket = options.headers ? undefined : globalThis.WebSocket } = options;
    this.#options = options;
    const transport = createTransport(base, fetch);
    this.#keyring = new Keyring(now);
    this.#backOff = new BackOff(random);
    const { refreshTrust } = createUpdater(options);
    const elapsed = () => performance.now();
    const source = { transport, keyring: this.#keyring, refreshTrust, now, elapsed, headers, credentials, session };
    this.#keys = new KeySource(source);
    this.#parts = { transport, headers, credentials, webSocket };
  }

  /** Where the channels stand for the application. */
  get cursor(): string | undefined {
    return this.#receiver && cursorOf(this.#receiver.positions, this.#receiver.channels);
  }

  /** Ends it: `run` then returns. */
  close(): void {
    this.#closing.abort();
  }

  /** Connects until it is closed, or until nothing more can be heard. */
  async run(): Promise<void> {
    const receiver = await this.#createReceiver();
    this.#receiver = receiver;
    while (!this.#closing.signal.aborted) {
      const { way, reason, hasHeard } = await this.#connect(receiver);
      // Browsers do not tell a proxy that knows no WebSocket from a server that is gone.
      if (way === 'web-socket' && !hasHeard) this.#way++;
      await this.#turn;
      await this.#storePositions(receiver);
      if (this.#closing.signal.aborted) return;
      const fatal = findFatal(reason);
      if (fatal !== undefined) throw fatal;
      const waitMs = this.#backOff.next(Math.max(this.#retryMs, reason instanceof ConnectionEnd ? reason.waitMs : 0));
      this.#options.onConnection?.({ kind: 'end', transport: way, reason, nextInMs: waitMs });
      await sleep(waitMs, this.#closing.signal);
    }
  }

  /** Sends a frame of the client's own, in its turn and at its pace. Throws `fetch_failed`, `key_unknown`, and as `writeFrame`. */
  send(type: ClientFrameType, data: SignableObject): Promise<Sent> {
    const sent = this.#sending.then(async () => {
      const receiver = this.#receiver;
      if (!this.#send || !receiver) throw new TrustError('fetch_failed', 'expected an open WebSocket, got none');
      const move = planMove(receiver, type, data);
      // Above the pace the server would let the connection go.
      await sleep(this.#pace.take(performance.now()), this.#closing.signal);
      const message = { type, data: move?.data ?? data, ts: this.#options.now() };
      const { text, hash } = await this.#ownFrames.write(this.#keys.sessionKey, message);
      if (!this.#send) throw new TrustError('fetch_failed', 'expected an open WebSocket, got none');
      // Frames of a new channel may come before anything else does.
      if (type === 'client.subscribe') receiver.follow(move?.names ?? []);
      const answered = this.#answers.expect(hash);
      this.#send(text);
      if (type === 'client.unsubscribe') receiver.leave(move?.names ?? []);
      return { answered };
    });
    this.#sending = sent.then(ignore, ignore);
    return sent;
  }

  readonly #setSender = (send: ((text: string) => void) | undefined): void => {
    this.#send = send;
    if (!send) this.#answers.end();
  };

  async #createReceiver(): Promise<Receiver> {
    const { now, channels, positions: store } = this.#options;
    this.#storedText = await store?.read();
    const stored = this.#storedText === undefined ? new Map() : parsePositions(this.#storedText);
    const parts = {
      keyring: this.#keyring,
      window: new ReplayWindow(),
      now,
      listener: this.#options,
      findKeys: () => this.#keys.findKeys(),
      trustChanged: () => this.#tryRefreshTrust(),
      answered: (frame: VerifiedFrame) => this.#answers.take(frame),
    };
    return new Receiver(parts, channels, new Map([...startOf(this.#options.since), ...stored]));
  }

  /** One connection, from its opening to its end, and why it ended. */
  async #connect(receiver: Receiver): Promise<Ended> {
    const { transports = transportNames, onConnection } = this.#options;
    const way = transports[this.#way % transports.length] ?? 'long-poll';
    const health: Health = { way, cut: new AbortController(), isOpen: false, heard: 0, quiet: 0 };
    const signal = AbortSignal.any([this.#closing.signal, health.cut.signal]);
    const parts: ConnectionParts = {
      ...{ ...this.#parts, cursor: () => receiver.cursor, signal, onSender: this.#setSender },
      // Others may be followed while the connection lasts.
      get channels() {
        return receiver.channels;
      },
    };
    const watch = this.#watch(receiver, parts, health);
    try {
      if (!this.#keyring.trust) await this.#keys.refreshTrust();
      await this.#keys.renewSessionKey();
      for await (const message of this.#open(way, parts)) {
        if (message.kind === 'open') {
          Object.assign(health, { isOpen: true, quiet: 0 });
          onConnection?.({ kind: 'open', transport: way });
        } else await this.#take(receiver, message);
      }
      return { way, reason: new ConnectionEnd('the server ended the connection'), hasHeard: health.heard > 0 };
    } catch (error) {
      // What made us cut the connection says more than how the platform puts that.
      const reason = health.cut.signal.aborted ? health.cut.signal.reason : error;
      return { way, reason, hasHeard: health.heard > 0 };
    } finally {
      health.cut.abort();
      await watch;
    }
  }

  #open(way: TransportName, parts: ConnectionParts): AsyncGenerator<Message, void, void> {
    if (way === 'web-socket') return openWebSocket(parts);
    if (way === 'long-poll') return openLongPoll(parts);
    return openEventStream(parts, (ms) => {
      this.#retryMs = Math.min(ms, 30_000);
    });
  }

  #take(receiver: Receiver, message: Message): Promise<void> {
    return this.#inTurn(async () => {
      if (message.kind === 'keys') await this.#keys.take(message.certificates).catch(forgiveServer);
      else if (message.kind === 'frame') await receiver.receive(message.text);
    });
  }

  /** Looks after a connection once every heartbeat: cuts it when it is silent, and asks for what is missing. */
  async #watch(receiver: Receiver, parts: ConnectionParts, health: Health): Promise<void> {
    const { heartbeatMs = 5000 } = this.#options;
    try {
      for (;;) {
        await sleep(heartbeatMs, parts.signal);
        if (parts.signal.aborted) return;
        await this.#inTurn(() => receiver.tick());
        this.#judgeHealth(receiver.takeHeard(), health);
        await this.#catchUp(receiver, parts);
        await this.#storePositions(receiver);
        await this.#keys.renewSessionKey();
      }
    } catch (error) {
      health.cut.abort(error);
    }
  }

  /** Throws ConnectionEnd for a connection that has been silent for too long. */
  #judgeHealth(hasHeard: boolean, health: Health): void {
    health.quiet = hasHeard ? 0 : health.quiet + 1;
    if (hasHeard) {
      health.heard++;
      this.#backOff.reset();
      if (health.heard >= silentAfter) this.#breathless = 0;
    }
    if (health.heard > 0 && health.quiet >= silentAfter) {
      // A proxy may let the beginning of each stream through, and hold back the rest.
      if (++this.#breathless % breathlessAfter === 0) this.#way++;
      throw new ConnectionEnd('expected heartbeats, got none');
    }
    if (health.heard > 0 || health.quiet < (health.isOpen ? unheardAfter : unansweredAfter)) return;
    // What a WebSocket did not bring is counted where it ends.
    if (health.way !== 'web-socket') this.#way++;
    throw new ConnectionEnd('expected a heartbeat in time');
  }

  /** Asks for frames that a head was stated of and that have not come. */
  async #catchUp(receiver: Receiver, parts: ConnectionParts): Promise<void> {
    try {
      for (let more = receiver.isBehind; more && !parts.signal.aborted; ) {
        const before = receiver.cursor;
        const answer = await askForFrames(parts);
        for (const message of answer.messages) await this.#take(receiver, message);
        more = answer.more && receiver.cursor !== before;
      }
    } catch (error) {
      forgiveServer(error);
    }
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #tryRefreshTrust(): Promise<void> {
    return this.#keys.refreshTrust().catch(forgiveServer);
  }

  async #storePositions(receiver: Receiver): Promise<void> {
    const { positions: store } = this.#options;
    const text = encodePositions(receiver.positions);
    if (!store || text === this.#storedText || receiver.positions.size === 0) return;
    await store.write(text);
    this.#storedText = text;
  }
}

/**
 * Which channels a frame adds or leaves, and its data: new ones are heard from where they stand, as far as that is known. Throws a TypeError
 * for what the server would end the connection for; `undefined`: it moves nowhere.
 */
function planMove(
  receiver: Receiver,
  type: ClientFrameType,
  data: SignableObject,
): { readonly names: readonly string[]; readonly data: SignableObject } | undefined {
  if (type !== 'client.subscribe' && type !== 'client.unsubscribe') return undefined;
  const names = Array.isArray(data.channels) ? data.channels.map(String) : [];
  const others = receiver.channels.filter((name) => !names.includes(name));
  if (type === 'client.unsubscribe') {
    if (others.length === 0) throw new TypeError('expected a channel to stay; close the subscription instead');
    return { names, data };
  }
  if (others.length + names.length > maxChannels) throw new TypeError(`expected at most ${maxChannels} channels`);
  const since = cursorOf(receiver.positions, names);
  return { names, data: data.since === undefined && since !== undefined ? { ...data, since } : data };
}

/** The positions of a cursor: what stood there is not known, only how many there were. */
function startOf(since: string | undefined): Positions {
  if (since === undefined) return new Map();
  const { epoch, sequences } = parseCursor(since);
  return new Map(
    [...sequences].map(([name, sequence]): [string, ReadPosition] => [name, { epoch, sequence, hash: undefined }]),
  );
}

function ignore(): void {}

/** What a server does wrong ends no subscription. */
function forgiveServer(error: unknown): void {
  const isListeners = error instanceof ConnectionEnd && error.cause !== undefined;
  if (isListeners || !(error instanceof TrustError || error instanceof ConnectionEnd)) throw error;
}

/** Resolves after `ms`, or when `signal` says so. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms === 0) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
