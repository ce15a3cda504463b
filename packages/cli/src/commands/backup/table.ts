/** The commands of `backup`, `restore`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { backupCreate } from './create.ts';
import { backupKey, backupList } from './list.ts';
import { restore } from './restore.ts';
import { backupDrill, backupVerify } from './verify.ts';

export const commands: readonly CommandSpec[] = [
  backupCreate,
  backupList,
  backupVerify,
  backupDrill,
  backupKey,
  restore,
];
