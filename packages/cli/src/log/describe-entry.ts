/** Entries of the transparency log in words. */
import { encodeTime } from '@signpost/protocol/json/time';
import type { LogEntry } from '@signpost/protocol/updates/log-entry';
import { shortId } from '../root/draft.ts';

/** What an entry says, on one line; its type stands beside it. */
export function describeLogEntry(entry: LogEntry): string {
  switch (entry.type) {
    case 'manifest':
      return `${entry.project} ${entry.version} on ${entry.channel}, counter ${entry.counter}, key ${shortId(entry.keyId)}`;
    case 'trust-list':
      return `version ${entry.trustVersion}`;
    case 'catalogue':
      return `${entry.collection}, version ${entry.version}`;
    case 'certificate':
      return `${entry.serial} by ${shortId(entry.issuer)}`;
    case 'revocation':
      return `${entry.serial} by ${shortId(entry.issuer)}, ${entry.reason}, ${encodeTime(entry.revokedAt)}`;
    case 'audit-head':
      return `row ${entry.sequence}, ${shortId(entry.sha256)}`;
  }
}
