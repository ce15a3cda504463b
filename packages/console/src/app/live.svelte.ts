/** What happens, as signed frames that this browser verifies itself (docs/protocol/frame.md); nothing is shown on the server's word. */

import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import type { Subscription } from '@signpost/protocol/client/subscribe/subscription';
import { formatCursor } from '@signpost/protocol/frames/cursor';
import type { Answer } from '../api/client.ts';
import { chooseHeard } from './heard-channels.ts';
import { type LiveState, type Standing, stateOf } from './live-state.ts';
import { base } from './location.svelte.ts';
import { api, session } from './session.svelte.ts';

/** A frame whose proof held. */
export interface LiveFrame {
  readonly id: string;
  readonly channel: string;
  readonly type: string;
  readonly sequence: number;
  /** RFC 3339. */
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** By what it is proven: a signature of its own, or the hash that a later frame names. */
  readonly proof: 'signature' | 'chain';
}

/** A running subscription, as a page shows it. */
export interface Live {
  readonly state: LiveState;
  readonly frames: readonly LiveFrame[];
  /** Channels for which there is no room in the subscription. */
  readonly unheard: readonly string[];
  /** Where the roots come from that all of this rests on. */
  readonly pinnedAt: string | undefined;
  close(): void;
}

type Channel = Answer<'GET /api/push/channels'>['channels'][number];

/** How many frames a page keeps, and how far back it begins on each channel. */
const [kept, backwards] = [50, 10];

/** Listens to the channels of the organisation that the person may hear, as many as a subscription takes. Close it when the page goes. */
export function openLive(): Live {
  let state = $state<LiveState>('connecting');
  let frames = $state.raw<readonly LiveFrame[]>([]);
  let unheard = $state.raw<readonly string[]>([]);
  let pinnedAt = $state<string | undefined>();
  let standing: Standing = { channels: new Map(), refused: false };
  let subscription: Subscription | undefined;
  let closed = false;
  const listen = async () => {
    const pinned = await pinRoots();
    if (!pinned) {
      state = 'unvouched';
      return;
    }
    pinnedAt = pinned.at;
    const { channels } = await api.ask('GET /api/push/channels');
    if (closed || channels.length === 0) return;
    const chosen = chooseHeard(channels);
    unheard = chosen.unheard;
    subscription = subscribe({
      ...{ base: location.origin + base, roots: pinned.roots, threshold: pinned.threshold },
      store: openStore('trust'),
      fetch: (url, init) => fetch(url, init),
      now: Date.now,
      credentials: 'same-origin',
      channels: chosen.heard.map(({ name }) => name),
      since: cursorBefore(chosen.heard),
      onFrame: ({ payload, ts, proof, hash }) => {
        if (payload.type === 'telemetry') return;
        const { channel, type, sequence, data = {} } = payload;
        const frame = { id: hash, channel, type, sequence, at: new Date(ts).toISOString(), data, proof };
        frames = [frame, ...frames].sort((one, other) => other.at.localeCompare(one.at)).slice(0, kept);
      },
      onGap: () => undefined,
      onState: (channel, next) => {
        standing = { ...standing, channels: new Map(standing.channels).set(channel, next) };
        state = stateOf(standing);
      },
      onRefused: (reason) => {
        // A key of a process that has ended: the next head proves such a frame by its hash, or it is never shown.
        if (reason === 'duplicate' || reason === 'key_unknown') return;
        standing = { ...standing, refused: true };
        state = stateOf(standing);
      },
    });
    await subscription.ended;
  };
  listen().catch(() => {
    if (!closed) state = 'refused';
  });
  return {
    get state() {
      return state;
    },
    get frames() {
      return frames;
    },
    get unheard() {
      return unheard;
    },
    get pinnedAt() {
      return pinnedAt;
    },
    close: () => {
      closed = true;
      subscription?.close().catch(() => undefined);
    },
  };
}

interface Pinned {
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly at: string;
}

/** The roots that this browser saw first and holds on to: a server that names others later is not believed. */
async function pinRoots(): Promise<Pinned | undefined> {
  const store = openStore('roots');
  const stored = await store.read();
  if (stored !== undefined) return JSON.parse(stored) as Pinned;
  const { roots, threshold } = await api.ask('GET /api/trust');
  if (roots.length === 0) return undefined;
  const pinned = { roots: roots.map(({ pubkey_b64 }) => pubkey_b64), threshold, at: new Date().toISOString() };
  await store.write(JSON.stringify(pinned));
  return pinned;
}

function cursorBefore(channels: readonly Channel[]): string {
  const begin = ({ head, oldest }: Channel) => Math.max(0, oldest - 1, head - backwards);
  return formatCursor({
    epoch: channels[0]?.epoch ?? '',
    sequences: new Map(channels.map((channel) => [channel.name, begin(channel)])),
  });
}

/** One key of the browser's storage; nothing in it is secret. */
function openStore(name: string) {
  const key = `signpost ${name} ${session()?.organisation ?? ''}`;
  return {
    read: async () => localStorage.getItem(key) ?? undefined,
    write: async (text: string) => localStorage.setItem(key, text),
  };
}
