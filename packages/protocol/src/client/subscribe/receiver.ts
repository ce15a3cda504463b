/** Takes the frames of all connections, in whatever order, and hands over what is proven (docs/protocol/frame.md, "Listening"). */
import { TrustError } from '../../errors.ts';
import { positionAfter } from '../../frames/chain.ts';
import { type Frame, isHeadStatement, parseFrame } from '../../frames/frame.ts';
import type { KnownPayload } from '../../frames/payload.ts';
import type { ReplayWindow } from '../../frames/replay-window.ts';
import { type FrameRefusal, type VerifiedFrame, verifyFrame } from '../../frames/verify-frame.ts';
import { ChannelLog, type ChannelState, type Gap, type LogEvent, type ReadPosition } from './channel-log.ts';
import { ConnectionEnd } from './connection.ts';
import type { Keyring } from './keyring.ts';
import { cursorOf, type Positions } from './positions.ts';

/** A frame as an application gets it: verified, in order, once. */
export interface DeliveredFrame extends VerifiedFrame {
  readonly known: KnownPayload;
}

/** Told of what happens. A listener that throws ends the subscription, with its frame not acknowledged. */
export interface FrameListener {
  readonly onFrame: (frame: DeliveredFrame) => void | Promise<void>;
  /** Frames are missing for good. */
  readonly onGap: (gap: Gap) => void | Promise<void>;
  readonly onState?: ((channel: string, state: ChannelState) => void) | undefined;
  /** A frame was refused, or (`duplicate`) had come before. */
  readonly onRefused?: ((reason: FrameRefusal | 'duplicate') => void) | undefined;
}

/** What a receiver works with. */
export interface ReceiverParts {
  readonly keyring: Keyring;
  readonly window: ReplayWindow;
  readonly now: () => number;
  readonly listener: FrameListener;
  /** Asked before a frame of an unknown key is refused: fetches keys, now and then. */
  readonly findKeys: () => Promise<void>;
  /** Called when the trust list has changed, as a frame says. */
  readonly trustChanged: () => Promise<void>;
  /** Given frames that a session key verified: what the server says to this client alone. Whether that was waited for. */
  readonly answered: (frame: VerifiedFrame) => boolean;
}

/** The channels of one subscription. Its calls must wait for each other. */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #logs: Map<string, ChannelLog>;
  /** Where each channel stands for the application: behind its log while frames are being handed over. */
  readonly #handedOver: Map<string, ReadPosition>;
  #hasHeard = false;

  constructor(parts: ReceiverParts, channels: readonly string[], positions: Positions) {
    this.#parts = parts;
    this.#handedOver = new Map([...positions].filter(([name]) => channels.includes(name)));
    this.#logs = new Map(channels.map((name) => [name, new ChannelLog(name, positions.get(name))]));
  }

  /** The channels that are followed. */
  get channels(): readonly string[] {
    return [...this.#logs.keys()];
  }

  /** Takes frames of these channels, too, from where they stand; where one was left before, it goes on. */
  follow(channels: readonly string[]): void {
    for (const name of channels) {
      if (!this.#logs.has(name)) this.#logs.set(name, new ChannelLog(name, this.#handedOver.get(name)));
    }
  }

  /** Takes no more frames of these channels; where they stand is kept. */
  leave(channels: readonly string[]): void {
    for (const name of channels) this.#logs.delete(name);
  }

  /** Where each channel stands: everything up to there was handed over. */
  get positions(): Positions {
    return this.#handedOver;
  }

  /** From where on frames are missing, for the next request. */
  get cursor(): string | undefined {
    const reached = [...this.#logs].flatMap(([name, { reach }]) => (reach ? [[name, reach] as const] : []));
    return cursorOf(new Map(reached), [...this.#logs.keys()]);
  }

  /** Whether frames are known to be missing. */
  get isBehind(): boolean {
    return [...this.#logs.values()].some((log) => log.isBehind);
  }

  /** Whether something fresh has come since this was asked last. */
  takeHeard(): boolean {
    const hasHeard = this.#hasHeard;
    this.#hasHeard = false;
    return hasHeard;
  }

  /** Takes the text of a frame. Resolves when whatever it made provable was handed over. */
  async receive(text: string): Promise<void> {
    const frame = this.#read(text);
    if (frame && this.#parts.keyring.find(frame.kid)?.algorithm === 'hmac-sha256') return this.#takeAnswer(frame);
    const log = frame && this.#logs.get(frame.payload.channel);
    if (!frame || !log) return this.#refuse(frame ? 'wrong_channel' : 'malformed');
    if (log.isKnown(frame)) return this.#refuse('duplicate');
    await this.#handOver(frame.payload.channel, await this.#judge(frame, log));
  }

  async #takeAnswer(frame: Frame): Promise<void> {
    const verified = await this.#verify(frame);
    if (typeof verified !== 'string' && !this.#parts.answered(verified)) this.#refuse('payload_invalid');
  }

  /** A heartbeat's time has gone by. */
  async tick(): Promise<void> {
    for (const [channel, log] of this.#logs) await this.#handOver(channel, log.tick());
  }

  async #judge(frame: Frame, log: ChannelLog): Promise<readonly LogEvent[]> {
    const { window, now, keyring, findKeys } = this.#parts;
    if (window.isPast(frame.ts, now())) return this.#takePast(frame, log);
    if (!keyring.find(frame.kid)) await findKeys();
    const verified = await this.#verify(frame);
    // A key that has not reached us: the next head may prove the frame all the same.
    if (verified === 'key_unknown') return log.takeUnproven(frame);
    if (typeof verified === 'string') return [];
    this.#hasHeard = true;
    return log.takeVerified(verified);
  }

  /** A later head may prove what lies behind the skew; an old head proves nothing. */
  #takePast(frame: Frame, log: ChannelLog): readonly LogEvent[] {
    if (isHeadStatement(frame.payload)) this.#refuse('clock_skew');
    return log.takeUnproven(frame);
  }

  async #verify(frame: Frame): Promise<VerifiedFrame | FrameRefusal> {
    const { window, now, keyring } = this.#parts;
    let refusal: FrameRefusal = 'malformed';
    const onRefused = (reason: FrameRefusal) => {
      refusal = reason;
      this.#refuse(reason);
    };
    try {
      return await verifyFrame(frame, { keys: keyring, window, now: now(), onRefused });
    } catch (error) {
      if (error instanceof TrustError) return refusal;
      throw error;
    }
  }

  async #handOver(channel: string, events: readonly LogEvent[]): Promise<void> {
    for (const event of events) {
      await this.#tell(channel, event);
      if (event.kind === 'frame') this.#handedOver.set(channel, positionAfter(event.frame));
      if (event.kind === 'frame' && event.frame.known?.type === 'trust.updated') await this.#parts.trustChanged();
    }
    const position = this.#logs.get(channel)?.position;
    if (position) this.#handedOver.set(channel, position);
  }

  async #tell(channel: string, event: LogEvent): Promise<void> {
    const { onFrame, onGap, onState } = this.#parts.listener;
    try {
      if (event.kind === 'gap') await onGap(event.gap);
      else if (event.kind === 'state') onState?.(channel, event.state);
      else if (event.frame.known) await onFrame({ ...event.frame, known: event.frame.known });
    } catch (cause) {
      throw new ConnectionEnd('a listener threw', { retry: false, cause });
    }
  }

  #read(text: string): Frame | undefined {
    try {
      return parseFrame(text);
    } catch (error) {
      if (error instanceof TrustError) return undefined;
      throw error;
    }
  }

  #refuse(reason: FrameRefusal | 'duplicate'): void {
    this.#parts.listener.onRefused?.(reason);
  }
}
