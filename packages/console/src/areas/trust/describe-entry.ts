/** What of an entry of the log stands in a sentence; its key is a text of the area. */
import type { LogEntry } from '@signpost/protocol/updates/log-entry';
import { shortId } from './list-changes.ts';

/** The values that fill `entry_<type>`. */
export function valuesOf(entry: LogEntry): Readonly<Record<string, string | number>> {
  switch (entry.type) {
    case 'manifest':
      return { project: entry.project, version: entry.version, channel: entry.channel, counter: entry.counter };
    case 'trust-list':
      return { version: entry.trustVersion };
    case 'catalogue':
      return { collection: entry.collection, version: entry.version };
    case 'certificate':
      return { serial: entry.serial };
    case 'revocation':
      return { serial: entry.serial, reason: entry.reason };
    case 'audit-head':
      return { sequence: entry.sequence, digest: shortId(entry.sha256) };
  }
}
