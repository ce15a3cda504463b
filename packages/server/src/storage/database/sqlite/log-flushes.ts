/** Flushes of SQLite's write-ahead log beside the thread that commits: one serves all that committed before it began. */
import { type FileHandle, open } from 'node:fs/promises';

/** A file that can be flushed. */
export interface LogFile {
  /** fdatasync(2). */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** The log at `path`, which SQLite makes with the first access and keeps as long as the database is open. */
export function openLogFile(path: string): LogFile {
  let opening: Promise<FileHandle> | undefined;
  return {
    datasync: async () => {
      // Windows flushes only what may be written.
      opening ??= open(path, 'r+');
      await (await opening).datasync();
    },
    close: async () => {
      await (await opening)?.close();
    },
  };
}

/**
 * After a flush has failed nobody knows what is on the disk, and asking again would be told a lie (the system drops what it could
 * not write): every later one fails as well, and `end` is called, which must not let the process go on.
 */
export class LogFlushes {
  readonly #file: LogFile;
  readonly #end: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isClosed = false;

  constructor(file: LogFile, end: (error: unknown) => void) {
    this.#file = file;
    this.#end = end;
  }

  /** The last one that has not ended. */
  get pending(): Promise<void> | undefined {
    return this.#next ?? this.#running;
  }

  /** Resolves once all that has been written to the log is on the disk. */
  flush(): Promise<void> {
    if (!this.#running) return this.#start();
    // The one under way may have begun before what is to be flushed was written.
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  /** After those under way, whoever asked for them is told how they end; there are none afterwards. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next]);
    this.#isClosed = true;
    await this.#file.close();
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#datasync().then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #datasync(): Promise<void> {
    if (this.#isClosed) throw new TypeError('expected an open database, got one that was closed');
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }
}
