/** Retention: how many frames of a channel are kept, and for how long. */
import type { Config } from '../../config.ts';
import type { Database } from '../../storage/database.ts';
import { type ChannelHead, readLog } from './log.ts';
import {
  deleteFrames,
  deleteOldEvents,
  deleteOldPublications,
  findLastBefore,
  listLogs,
  updateChannel,
} from './store.ts';

/** What retention takes. */
export interface RetentionParts {
  readonly database: Database;
  readonly config: Pick<Config, 'pushKeepFrames' | 'pushKeepDays'>;
  readonly now: () => number;
  /** Called with a channel whose oldest frame is another one now. */
  readonly placed: (organisationId: string, channel: ChannelHead) => void;
}

const dayMs = 86_400_000;

/** Longer than the outbox keeps what it has published. */
const framedEventMs = 8 * dayMs;
const publicationMs = dayMs;

/** Removes frames that are too many or too old, and what was kept so that nothing is framed or published twice. */
export async function pruneLogs(parts: RetentionParts): Promise<void> {
  const { database, now, config } = parts;
  for (const organisationId of await listLogs(database.query)) {
    const log = await readLog(database.query, organisationId);
    for (const channel of log?.channels.values() ?? []) await pruneChannel(parts, organisationId, channel);
  }
  const at = now();
  await deleteOldEvents(database.query, {
    framedBefore: at - framedEventMs,
    waitingSince: at - config.pushKeepDays * dayMs,
  });
  await deleteOldPublications(database.query, at - publicationMs);
}

async function pruneChannel(
  { database, config, now, placed }: RetentionParts,
  organisationId: string,
  channel: ChannelHead,
): Promise<void> {
  const { name, head, oldest } = channel;
  const before = now() - config.pushKeepDays * dayMs;
  const tooOld = await findLastBefore(database.query, { organisationId, channel: name, before });
  const last = Math.max(tooOld ?? 0, head - config.pushKeepFrames);
  if (last < oldest) return;
  await database.transaction(async (tx) => {
    await deleteFrames(tx, { organisationId, channel: name, last });
    await updateChannel(tx, { organisationId, name }, { oldest: last + 1 });
  });
  placed(organisationId, { ...channel, oldest: last + 1 });
}
