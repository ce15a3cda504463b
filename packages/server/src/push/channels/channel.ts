/** The channels of an organisation: those of the planes, which are always there, and those that applications declare. */
import { channelNamePattern } from '@signpost/protocol/frames/frame';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { type ChannelHead, createChannelRow, type Log, openLog, readLog } from '../log/log.ts';
import { insertChannel, updateChannel } from '../log/store.ts';
import type { Visibility } from './plane-channels.ts';

/** What channels are kept with. */
export interface ChannelParts {
  readonly database: Database;
  readonly now: () => number;
}

/** The most channels that applications of one organisation may have declared at a time. */
const maxDeclared = 100;

/** Throws `invalid` unless `name` is one that an application may declare. */
export function assertDeclarable(name: string): void {
  if (name.startsWith('app.') && channelNamePattern.test(name)) return;
  throw new Refusal('invalid', 'expected a channel app.<name>, of at most 64 characters of a-z, 0-9, dot and hyphen', {
    rule: 'push-channel-name',
  });
}

/**
 * Declares a channel. One that was removed comes back, with its frames and the sequence that it had. Throws `invalid` for a name that is not
 * an application's, and `conflict` when it is there or there are too many.
 */
export async function declareChannel(
  { database, now }: ChannelParts,
  caller: Caller,
  { name, visibility }: { readonly name: string; readonly visibility: Visibility },
): Promise<ChannelHead> {
  assertDeclarable(name);
  return database.transaction(async (tx) => {
    const at = now();
    const log = await openLog(tx, caller.organisationId, at);
    const known = log.channels.get(name);
    assertRoom(log, known);
    if (known) await updateChannel(tx, { organisationId: log.organisationId, name }, { visibility, removed_at: null });
    else await insertChannel(tx, createChannelRow(log, { name, visibility }, at));
    const object = { kind: 'push-channel', id: name };
    await recordAudit(tx, at, { ...caller, action: 'push_channel.declared', object, detail: { visibility } });
    return requireChannel(await readLog(tx, caller.organisationId), name);
  });
}

/** Removes a channel that was declared; nobody hears it any more. Throws `not_found` when it is not there. */
export async function removeChannel(
  { database, now }: ChannelParts,
  caller: Caller,
  name: string,
): Promise<ChannelHead> {
  assertDeclarable(name);
  return database.transaction(async (tx) => {
    const at = now();
    const channel = requireChannel(await readLog(tx, caller.organisationId), name);
    await updateChannel(tx, { organisationId: caller.organisationId, name }, { removed_at: at });
    const object = { kind: 'push-channel', id: name };
    await recordAudit(tx, at, { ...caller, action: 'push_channel.removed', object });
    return { ...channel, removed: true };
  });
}

function assertRoom({ channels }: Log, known: ChannelHead | undefined): void {
  if (known && !known.removed) {
    throw new Refusal('conflict', `the channel ${known.name} is there already`, { rule: 'push-channel-declared' });
  }
  const declared = [...channels.values()].filter(({ name, removed }) => name.startsWith('app.') && !removed);
  if (declared.length < maxDeclared) return;
  throw new Refusal('conflict', `expected at most ${maxDeclared} channels of applications`, {
    rule: 'push-channels-full',
    hint: 'remove one that nobody needs: DELETE /api/push/channels/{channel}',
  });
}

function requireChannel(log: Log | undefined, name: string): ChannelHead {
  const channel = log?.channels.get(name);
  if (channel && !channel.removed) return channel;
  throw new Refusal('not_found', `there is no channel ${name}`);
}
