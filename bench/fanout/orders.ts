/** What the process of listeners is told, and what it tells. */

/** What it is told. */
export type ListenerOrder =
  /** `request` is written as it stands, with a fresh key for `{key}`; `hello` in base64 once something came back. */
  | {
      readonly kind: 'connect';
      readonly port: number;
      readonly count: number;
      readonly request: string;
      readonly hello?: string | undefined;
    }
  /** All at once; told as received when each has got `frames`. */
  | {
      readonly kind: 'storm';
      readonly port: number;
      readonly count: number;
      readonly request: string;
      readonly frames: number;
    }
  | { readonly kind: 'expect'; readonly count: number }
  | { readonly kind: 'pause'; readonly count: number }
  | { readonly kind: 'time' | 'latencies' };

/** Milliseconds to the arrival of each frame. */
export interface Latencies {
  /** From when the publisher made it. */
  readonly published: number[];
  /** From when the server signed it, before it was durable, to the millisecond before. Peers sign nothing. */
  readonly signed: number[];
}

/** What it tells. */
export type ListenerReport =
  | { readonly kind: 'connected'; readonly count: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'received'; readonly total: number }
  | ({ readonly kind: 'latencies' } & Latencies);
