/** The commands of `log`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { logEntries, logShow } from './show.ts';
import { logVerify } from './verify.ts';

export const commands: readonly CommandSpec[] = [logShow, logEntries, logVerify];
