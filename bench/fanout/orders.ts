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
  | { readonly kind: 'time' | 'latencies' | 'count' };

/** What it tells. */
export type ListenerReport =
  | { readonly kind: 'connected'; readonly count: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'received'; readonly total: number }
  | { readonly kind: 'latencies'; readonly milliseconds: readonly number[] }
  | { readonly kind: 'counted'; readonly received: readonly number[]; readonly closed: number };
