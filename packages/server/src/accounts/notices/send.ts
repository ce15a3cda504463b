/** Sends word of changed accounts: at least once, until a server of mail takes it or three days are over. */
import type { BaseLogger } from 'pino';
import type { Config } from '../../config.ts';
import { parseMailAddress } from '../../mail/address.ts';
import type { Mailer, MailOutcome } from '../../mail/mailer.ts';
import { mailPatienceMs, mailPauseAfter } from '../../mail/retry.ts';
import type { Database } from '../../storage/database.ts';
import type { Job } from '../../storage/jobs.ts';
import { findEmail } from '../store.ts';
import { type AccountNotice, enqueueNotice } from './queue.ts';
import { composeNotice } from './words.ts';

/** What it takes to send one. */
export interface AccountMailParts {
  readonly database: Database;
  readonly now: () => number;
  /** Undefined when the settings name no server of mail: then nothing is sent, and nothing waits. */
  readonly mailer: Mailer | undefined;
  readonly config: Pick<Config, 'baseUrl'>;
  readonly log: Pick<BaseLogger, 'warn'>;
  /** Counts how an attempt ended. */
  readonly noteAttempt: (how: MailOutcome['kind'] | 'dead') => void;
}

/** Runs a job of `accountMailJobKind`. Throws only when the database does not answer or the server stops: then it is run again. */
export async function runAccountMail(parts: AccountMailParts, { payload, signal }: Job): Promise<void> {
  const { database, mailer, config, now } = parts;
  const notice = payload as unknown as AccountNotice;
  const to = parseMailAddress((await findEmail(database.query, notice.person)) ?? '');
  if (!mailer || to === undefined) return;
  const words = composeNotice(notice, { email: to, baseUrl: config.baseUrl });
  const outcome = await mailer.send({ ...words, id: notice.id, to, at: now() }, signal);
  parts.noteAttempt(outcome.kind);
  if (outcome.kind !== 'taken') await settle(parts, notice, outcome);
}

/** The next attempt is a job of its own: five attempts of one job are over in minutes. */
async function settle(
  { database, now, log, noteAttempt }: AccountMailParts,
  notice: AccountNotice,
  { kind, reason }: Exclude<MailOutcome, { kind: 'taken' }>,
): Promise<void> {
  const at = now();
  const { person, attempt } = notice;
  const runAt = at + mailPauseAfter(attempt);
  if (kind === 'refused' || runAt > notice.at + mailPatienceMs) {
    noteAttempt('dead');
    log.warn({ person, attempt, reason }, 'mail to a person was given up');
    return;
  }
  await database.transaction((transaction) =>
    enqueueNotice(transaction, { ...notice, attempt: attempt + 1 }, { runAt, now: at }),
  );
  log.warn({ person, attempt, reason }, 'mail to a person waits: it was not taken');
}
