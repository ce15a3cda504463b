/** Downloads per day, version and platform; nothing about who downloaded (invariant 12). */
import type { Logger } from 'pino';
import type { Database } from '../../storage/database.ts';
import { addDownloads } from './store.ts';

/** One finished download. */
export interface Download {
  readonly projectId: string;
  readonly version: string;
  readonly platform: string;
}

const flushEveryMs = 2_000;

/** Counts in memory and adds to the database every other second, so that a download costs no transaction. */
export class DownloadCounter {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #log: Logger;
  #counts = new Map<string, { download: Download; day: string; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ database, now, log }: { database: Database; now: () => number; log: Logger }) {
    this.#database = database;
    this.#now = now;
    this.#log = log;
  }

  /** Counts one download today (UTC). */
  count(download: Download): void {
    const day = new Date(this.#now()).toISOString().slice(0, 10);
    const key = JSON.stringify([download.projectId, day, download.version, download.platform]);
    const entry = this.#counts.get(key) ?? { download, day, count: 0 };
    this.#counts.set(key, { ...entry, count: entry.count + 1 });
    this.#timer ??= setTimeout(() => void this.#flushLater(), flushEveryMs).unref();
  }

  /** Writes what was counted. Call it before the server stops. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const { download, day, count } of counts.values()) {
      await addDownloads(this.#database.query, {
        project_id: download.projectId,
        day,
        version: download.version,
        platform: download.platform,
        count,
      });
    }
  }

  /** A count that cannot be written is lost, and said to be: it must not stop downloads. */
  async #flushLater(): Promise<void> {
    await this.flush().catch((err: unknown) => this.#log.error({ err }, 'download counts could not be written'));
  }
}
