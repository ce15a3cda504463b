/** The commands of `key`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { keyNewMaintainer } from './new-maintainer.ts';
import { keyActivate, keyCreate, keyList, keyRetire, keyRevoke } from './server-key.ts';

export const commands: readonly CommandSpec[] = [
  keyCreate,
  keyList,
  keyActivate,
  keyRetire,
  keyRevoke,
  keyNewMaintainer,
];
