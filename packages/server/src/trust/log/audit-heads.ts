/** Heads of the audit chain in the log, held against the chain as it is now. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { type LoggedAuditHead, parseLogEntry } from '@signpost/protocol/updates/log-entry';
import type { Query } from '../../storage/database.ts';
import { type LogRow, listAuditHashes, listOfType } from './store.ts';

/** A head that was logged. */
export interface FoundHead extends Pick<LoggedAuditHead, 'sequence' | 'sha256'> {
  readonly position: number;
  /** Whether the chain has this very row. */
  readonly isThere: boolean;
}

const pageRows = 200;

/** Every head in the log, newest first. */
export async function* walkHeads(query: Query, log: LogRow): AsyncGenerator<FoundHead> {
  for (let before = log.size; ; ) {
    const leaves = await listOfType(query, { log: log.id, type: 'audit-head', before, limit: pageRows });
    const last = leaves.at(-1);
    if (!last) return;
    const heads = leaves.map(({ position, entry }) => {
      return { position, ...(parseLogEntry(encodeText(entry)) as LoggedAuditHead) };
    });
    const hashes = await listAuditHashes(
      query,
      heads.map(({ sequence }) => sequence),
    );
    for (const { position, sequence, sha256 } of heads) {
      yield { position, sequence, sha256, isThere: hashes.get(sequence) === sha256 };
    }
    before = last.position;
  }
}

/** Up to where the chain is in the log; 0 when it is not. After a restore that is not the newest head: that one is of the chain before. */
export async function findSweptTo(query: Query, log: LogRow): Promise<number> {
  for await (const { sequence, isThere } of walkHeads(query, log)) {
    if (isThere) return sequence;
  }
  return 0;
}
