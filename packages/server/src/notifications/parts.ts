/** What notifications are kept and sent with. */
import type { Transaction } from 'kysely';
import type { BaseLogger } from 'pino';
import type { Config } from '../config.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Database } from '../storage/database.ts';
import type { Schema } from '../storage/schema.ts';

/** See the file. */
export interface NotificationParts {
  readonly database: Database;
  readonly now: () => number;
  /** Undefined when the settings name no server of mail. */
  readonly mailer: Mailer | undefined;
  /** How clients reach this server, where it is known. */
  readonly config: Pick<Config, 'baseUrl'>;
  /** Has what is due be sent. */
  readonly wakeWorker: () => void;
  readonly log: Pick<BaseLogger, 'warn'>;
  /** How attempts have ended since the start. */
  readonly mailAttempts: MailAttempts;
}

/** Attempts by how they ended; `dead` counts notices that were given up. */
export type MailAttempts = Map<'taken' | 'refused' | 'put-off' | 'dead', number>;

/** A transaction of notifications. */
export type Tx = Transaction<Schema>;

/** Counts in `attempts`. */
export function count(attempts: MailAttempts, how: 'taken' | 'refused' | 'put-off' | 'dead', by = 1): void {
  attempts.set(how, (attempts.get(how) ?? 0) + by);
}
