/** The digests that update ecosystems ask for, and what the thread that computes them is told. */

/** Lower-case hex. The keys are the columns of the table `artifact`, and algorithms of node:crypto. */
export interface Digests {
  readonly sha1: string;
  readonly sha256: string;
  readonly sha384: string;
  readonly sha512: string;
  readonly blake2b512: string;
}

/** Bytes that another thread reads where they lie; whoever wrote them waits before he writes there again. */
export type SharedBytes = Uint8Array<SharedArrayBuffer>;

/** What the thread is told; `file` is any number. Each order is answered once, in their order. */
export type DigestOrder =
  | { readonly kind: 'open'; readonly file: number; readonly names: readonly (keyof Digests)[] }
  | { readonly kind: 'take'; readonly file: number; readonly bytes: SharedBytes }
  | { readonly kind: 'finish'; readonly file: number }
  | { readonly kind: 'forget'; readonly file: number };

/** The digests to `finish`; nothing to the others. */
export type DigestAnswer = Partial<Digests>;
