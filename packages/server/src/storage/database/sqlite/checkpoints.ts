/** Checkpoints of SQLite's write-ahead log begun beside the thread that commits, which otherwise waits until the disk has all pages of it. */
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../../../thread-environment.ts';

/** Pages in the log from which on they are copied. Before SQLite would begin by itself, with room for what is committed meanwhile. */
const beginPages = 3000;
const maxHeapMb = 16;

/** What the thread answers when it has copied what it could. */
export type Copied = 'copied';

/**
 * The thread copies nearly all pages from the log to the database, and flushes them; whoever commits then copies the few that came meanwhile, so
 * that the log can begin anew. Nothing depends on the thread: without it SQLite copies all of them, at a commit.
 */
export class Checkpoints {
  readonly #file: DatabaseSync;
  readonly #path: string;
  readonly #beginPages: number;
  #worker: Worker | undefined;
  #copying: Promise<void> | undefined;
  #isCopied = false;
  #isClosed = false;

  /** `path` is that of `file`. */
  constructor(file: DatabaseSync, path: string, pages: number = beginPages) {
    this.#file = file;
    this.#path = path;
    this.#beginPages = pages;
  }

  /** Has pages copied if it is time to. To be called between transactions. */
  look(): void {
    if (this.#isClosed || this.#copying) return;
    if (this.#isCopied) this.#finish();
    else if (this.#countPages() >= this.#beginPages) this.#begin();
  }

  /** Begins no more; resolves when nobody but `file` has the database open. To be called before that is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#copying;
    await this.#worker?.terminate();
  }

  #countPages(): number {
    const { log = 0, checkpointed = 0 } = this.#file.prepare('pragma wal_checkpoint(noop)').get() ?? {};
    return Number(log) - Number(checkpointed);
  }

  #begin(): void {
    const worker = this.#worker ?? this.#start();
    this.#copying = new Promise((resolve) => {
      const end = () => {
        worker.off('message', end).off('exit', end);
        worker.unref();
        this.#copying = undefined;
        this.#isCopied = true;
        resolve();
      };
      worker.on('message', end).on('exit', end);
      worker.ref();
      worker.postMessage(this.#path);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), {
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    const forget = () => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.on('error', forget).on('exit', forget);
    this.#worker = worker;
    return worker;
  }

  #finish(): void {
    this.#isCopied = false;
    try {
      this.#file.exec('pragma wal_checkpoint(passive)');
    } catch {
      // As SQLite does with what fails at a checkpoint of its own: the log grows, and the next commit tells what is wrong.
    }
  }
}
