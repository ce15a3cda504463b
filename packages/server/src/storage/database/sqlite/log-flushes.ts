/** Flushes of SQLite's write-ahead log: beside the thread that commits, where one serves all that committed before it began, or in it for a lone commit on a quick disk. */
import { fdatasyncSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A file that can be flushed. */
export interface LogFile {
  /** fdatasync(2). */
  datasync(): Promise<void>;
  /** The same in this thread, after one that has succeeded. */
  datasyncHere?(): void;
  close(): Promise<void>;
}

/**
 * While flushes take no longer than this, in milliseconds, one that nobody else waits for is done in this thread. To hand it to another one and back takes about as
 * long, and more when listeners keep the processors busy; what takes longer would hold up whoever else asks something of the server.
 */
const quickMs = 2;

/** The log at `path`, which SQLite makes with the first access and keeps as long as the database is open. */
export function openLogFile(path: string): LogFile {
  let opening: Promise<FileHandle> | undefined;
  let opened: FileHandle | undefined;
  return {
    datasync: async () => {
      // Windows flushes only what may be written.
      opening ??= open(path, 'r+');
      opened = await opening;
      await opened.datasync();
    },
    datasyncHere: () => {
      if (!opened) throw new TypeError('expected the log to be open');
      fdatasyncSync(opened.fd);
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
  /** How long the last one took. */
  #tookMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(file: LogFile, end: (error: unknown) => void) {
    this.#file = file;
    this.#end = end;
  }

  /** The last one that has not ended. */
  get pending(): Promise<void> | undefined {
    return this.#next ?? this.#running;
  }

  /** Resolves once all that has been written to the log is on the disk. `isLone`: nobody else is about to write. */
  flush(isLone = false): Promise<void> {
    if (!this.#running) return this.#start(isLone && this.#tookMs <= quickMs);
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

  #start(isHere = false): Promise<void> {
    this.#next = undefined;
    const running = this.#datasync(isHere).then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #datasync(isHere: boolean): Promise<void> {
    if (this.#isClosed) throw new TypeError('expected an open database, got one that was closed');
    const begun = performance.now();
    try {
      if (isHere && this.#file.datasyncHere) this.#file.datasyncHere();
      else await this.#file.datasync();
      this.#tookMs = performance.now() - begun;
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }
}
