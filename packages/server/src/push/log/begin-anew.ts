/** What a restore makes of the logs: history was lost, so each begins again in another epoch, and listeners see it. */
import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Schema } from '../../storage/schema.ts';
import { createChannelRow, readLog } from './log.ts';
import { deleteHistory, listLogs, updateChannel, updateEpoch } from './store.ts';

/** Gives every log a new epoch without frames. Channels stay declared, and events that were not framed wait. */
export async function beginAnew(tx: Transaction<Schema>): Promise<void> {
  await deleteHistory(tx);
  for (const organisationId of await listLogs(tx)) {
    const epoch = randomBytes(8).toString('hex');
    await updateEpoch(tx, organisationId, epoch);
    const log = await readLog(tx, organisationId);
    for (const channel of log?.channels.values() ?? []) {
      const { head, head_hash, oldest } = createChannelRow({ organisationId, epoch }, channel, 0);
      await updateChannel(tx, { organisationId, name: channel.name }, { head, head_hash, oldest });
    }
  }
}
