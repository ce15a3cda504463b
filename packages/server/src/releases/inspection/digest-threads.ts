/** Computes digests beside the event loop, in two threads that all files share. */
import { DigestThread } from './digest-thread.ts';
import type { DigestAnswer, Digests, SharedBytes } from './digests.ts';

/** What each thread computes of every file; about as much work where the processor knows SHA-256 and where it does not. */
const shares: readonly (readonly (keyof Digests)[])[] = [
  ['sha384', 'sha512'],
  ['sha1', 'sha256', 'blake2b512'],
];

/** The threads. Each is started when it is first needed, and anew when it has died. */
export class DigestThreads {
  readonly #threads: DigestThread[] = [];
  #files = 0;

  /** Begins the digests of a file. */
  open(): DigestWriter {
    this.#files += 1;
    const threads = shares.map((names, index) => ({ names, thread: this.#threadAt(index) }));
    return new DigestWriter(this.#files, threads);
  }

  /** Ends the threads; files that are under way fail. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  #threadAt(index: number): DigestThread {
    const running = this.#threads[index];
    if (running?.isAlive) return running;
    const thread = new DigestThread();
    this.#threads[index] = thread;
    return thread;
  }
}

/** Takes the bytes of one file in order, then gives all five digests. */
export class DigestWriter {
  readonly #file: number;
  readonly #threads: readonly DigestThread[];
  #size = 0;

  /** For `DigestThreads` to call. */
  constructor(
    file: number,
    threads: readonly { readonly thread: DigestThread; readonly names: readonly (keyof Digests)[] }[],
  ) {
    this.#file = file;
    this.#threads = threads.map(({ thread }) => thread);
    // A thread that dies is found by the first bytes.
    for (const { thread, names } of threads) thread.ask({ kind: 'open', file, names }).catch(() => undefined);
  }

  /** How many bytes have been taken. */
  get size(): number {
    return this.#size;
  }

  /** Whether more bytes can be taken: not when one of the threads has died. */
  get isAlive(): boolean {
    return this.#threads.every((thread) => thread.isAlive);
  }

  /** Resolves when no thread reads `bytes` any more. Rejects when a thread has died. */
  async write(bytes: SharedBytes): Promise<void> {
    this.#size += bytes.length;
    await settleAll(this.#threads.map((thread) => thread.ask({ kind: 'take', file: this.#file, bytes })));
  }

  /** The digests of all bytes so far, once. Rejects when a thread has died. */
  async finish(): Promise<Digests> {
    const answers = await settleAll(this.#threads.map((thread) => thread.ask({ kind: 'finish', file: this.#file })));
    return joinDigests(answers);
  }

  /** Gives up what the threads hold of the file. */
  forget(): void {
    for (const thread of this.#threads) thread.ask({ kind: 'forget', file: this.#file }).catch(() => undefined);
  }
}

/** Waits for all, also when one rejects; then throws what the first one threw. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function joinDigests(answers: readonly DigestAnswer[]): Digests {
  const all: DigestAnswer = Object.assign({}, ...answers);
  const read = (name: keyof Digests): string => {
    const digest = all[name];
    if (digest === undefined) throw new TypeError(`expected the digest ${name}`);
    return digest;
  };
  return {
    ...{ sha1: read('sha1'), sha256: read('sha256'), sha384: read('sha384') },
    ...{ sha512: read('sha512'), blake2b512: read('blake2b512') },
  };
}
