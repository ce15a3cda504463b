/** The commands of `check`, `download`, `mirror`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { check, download } from './check.ts';
import { mirrorExport } from './mirror.ts';

export const commands: readonly CommandSpec[] = [check, download, mirrorExport];
