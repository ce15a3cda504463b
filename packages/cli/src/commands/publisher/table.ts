/** The commands of `publisher`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { publisherAdd, publisherList, publisherRemove } from './publisher.ts';

export const commands: readonly CommandSpec[] = [publisherAdd, publisherList, publisherRemove];
