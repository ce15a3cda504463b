/** A client's state in use: read once a call, written before anything that depends on it is handed over. */
import type { RootSet } from '../updates/trust-list.ts';
import {
  type ClientState,
  createState,
  encodeState,
  mergeStates,
  parseState,
  repinState,
  type StateStore,
} from './state.ts';

/** What a client remembers, kept in step with its store. */
export class Memory {
  readonly #store: StateStore;
  #state: ClientState;
  #storedText: string | undefined;

  private constructor(store: StateStore, state: ClientState, storedText: string | undefined) {
    this.#store = store;
    this.#state = state;
    this.#storedText = storedText;
  }

  /**
   * Reads the state. What is missing or older than `baseline`, the state text shipped inside the application, comes from
   * there. Throws `state_invalid` when the stored text cannot be read: a damaged state is not the same as none.
   */
  static async open(store: StateStore, pins: RootSet, baseline: string | undefined): Promise<Memory> {
    const text = await store.read();
    const stored = text === undefined ? createState(pins) : await repinState(await parseState(text), pins);
    const shipped = baseline === undefined ? undefined : await repinState(await parseState(baseline), pins);
    return new Memory(store, shipped ? mergeStates(stored, shipped) : stored, text);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Puts `change` into the state. Resolves when it is durable. */
  async record(change: Partial<ClientState>): Promise<void> {
    const state = { ...this.#state, ...change };
    const text = encodeState(state);
    if (text !== this.#storedText) await this.#store.write(text);
    this.#state = state;
    this.#storedText = text;
  }
}
