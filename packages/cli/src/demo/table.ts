/** The commands of `demo`, in the order of the reference. */
import type { CommandSpec } from '../command.ts';
import { demo } from './demo.ts';

export const commands: readonly CommandSpec[] = [demo];
