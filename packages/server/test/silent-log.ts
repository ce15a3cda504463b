/** A log for tests that look at answers, not at lines. */
import { type Logger, pino } from 'pino';

export const silentLog: Logger = pino({ level: 'silent' });
