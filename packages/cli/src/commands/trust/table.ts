/** The commands of `trust`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { trustGet, trustImport, trustPubkey, trustShow, trustVersions } from './trust.ts';

export const commands: readonly CommandSpec[] = [trustImport, trustShow, trustVersions, trustGet, trustPubkey];
