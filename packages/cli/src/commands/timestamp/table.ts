/** The commands of `ca`, `timestamp`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { timestamp } from './timestamp.ts';
import { tsaDisable, tsaEnable, tsaStatus } from './tsa.ts';
import { timestampVerify } from './verify.ts';

export const commands: readonly CommandSpec[] = [tsaEnable, tsaStatus, tsaDisable, timestamp, timestampVerify];
