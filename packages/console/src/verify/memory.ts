/** What this browser remembers of a server between visits: its roots, and what was seen under them. Nothing in it is secret. */
import type { StateStore } from '@signpost/protocol/client/state';
import { encodeRemembered, type Pins, parseRemembered } from './pins.ts';

/** The part of the browser's storage that is used. */
type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Where `base` answers; a browser that keeps nothing for pages is one that has seen nothing. */
export interface VisitMemory {
  recallPins(): Promise<Pins | undefined>;
  keepPins(pins: Pins, now: number): void;
  /** Apart for each set of roots: what false ones drove up must not count against the right ones. */
  openState(pins: Pins): StateStore;
  /** Lets go of what was seen under `pins`, and of the pins not. */
  forgetState(pins: Pins): void;
}

/** The memory of one organisation's address. Where site data is blocked, to ask for the storage is what throws. */
export function openMemory(openStorage: () => Storage, base: string): VisitMemory {
  const read = (key: string) => attempt(() => openStorage().getItem(key) ?? undefined);
  const write = (key: string, text: string) => void attempt(() => openStorage().setItem(key, text));
  const rootsKey = `signpost verify roots ${base}`;
  const keyOf = ({ ids, threshold }: Pins) => `signpost verify state ${base} ${threshold} ${[...ids].sort().join(' ')}`;
  return {
    recallPins: async () => {
      const text = read(rootsKey);
      return text === undefined ? undefined : parseRemembered(text);
    },
    keepPins: (pins, now) => write(rootsKey, encodeRemembered(pins, now)),
    openState: (pins) => {
      const key = keyOf(pins);
      return { read: async () => read(key), write: async (text) => write(key, text) };
    },
    forgetState: (pins) => void attempt(() => openStorage().removeItem(keyOf(pins))),
  };
}

/** Storage that is full or forbidden throws. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
