/** Listens to channels (docs/protocol/frame.md, "Listening"): in a browser, in Node, at the edge. */
import { channelNamePattern } from '../../frames/frame.ts';
import { maxChannels } from '../../frames/payload.ts';
import { transportNames } from './connection.ts';
import { Listening } from './listening.ts';
import type { SubscribeOptions, Subscription } from './subscription.ts';

/** Listens until it is closed. Throws TypeError for options that cannot work; everything else is told by `ended`. */
export function subscribe(options: SubscribeOptions): Subscription {
  const { channels, transports = transportNames, heartbeatMs = 5000 } = options;
  const areNamed = channels.every((name) => channelNamePattern.test(name));
  if (channels.length === 0 || channels.length > maxChannels || !areNamed || transports.length === 0) {
    throw new TypeError(`expected the names of 1 to ${maxChannels} channels, and a way to hear them`);
  }
  if (!(heartbeatMs > 0)) throw new TypeError('expected heartbeats');
  const listening = new Listening(options);
  const ended = listening.run();
  // Whoever does not look at it must not be told by the platform either.
  ended.catch(() => undefined);
  return {
    get cursor() {
      return listening.cursor;
    },
    ended,
    send: (type, data) => listening.send(type, data),
    close: async () => {
      listening.close();
      await ended.catch(() => undefined);
    },
  };
}
