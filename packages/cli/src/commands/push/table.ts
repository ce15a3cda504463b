/** The commands of `tail`, `push`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { pushIdentity } from './identity.ts';
import { pushChannels, pushCreateChannel, pushPublish, pushRemoveChannel } from './publish.ts';
import { tail } from './tail.ts';

export const commands: readonly CommandSpec[] = [
  tail,
  pushIdentity,
  pushChannels,
  pushCreateChannel,
  pushRemoveChannel,
  pushPublish,
];
