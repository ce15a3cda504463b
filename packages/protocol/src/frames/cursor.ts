/** A position in several channels of one log, as text: `epoch:name.sequence,name.sequence`, names in order. */
import { TrustError } from '../errors.ts';
import { compareCodePoints } from '../json/canonical.ts';
import { channelNamePattern, epochPattern } from './frame.ts';

/** How far somebody has read. */
export interface Cursor {
  readonly epoch: string;
  /** The last sequence seen, by channel; 0: none yet. */
  readonly sequences: ReadonlyMap<string, number>;
}

/** 16 channels of 64 characters, with their numbers. */
const maxCursorLength = 16 * (64 + 18) + 17;

/** Parses a cursor. Throws `malformed` for anything that `formatCursor` would not write. */
export function parseCursor(text: string): Cursor {
  const [epoch = '', entries = ''] = text.length > maxCursorLength ? [] : text.split(':', 2);
  const sequences = new Map(entries.split(',').map(parseEntry));
  const cursor = { epoch, sequences };
  if (!epochPattern.test(epoch) || formatCursor(cursor) !== text) {
    throw new TrustError('malformed', 'expected a cursor such as 0123456789abcdef:releases.7,trust.3');
  }
  return cursor;
}

/** The one text of a cursor. */
export function formatCursor({ epoch, sequences }: Cursor): string {
  const names = [...sequences.keys()].sort(compareCodePoints);
  return `${epoch}:${names.map((name) => `${name}.${sequences.get(name)}`).join(',')}`;
}

/** Names may have dots themselves: the number stands after the last one. */
function parseEntry(entry: string): [string, number] {
  const dot = entry.lastIndexOf('.');
  const [name, digits] = [entry.slice(0, Math.max(dot, 0)), entry.slice(dot + 1)];
  const sequence = /^(?:0|[1-9][0-9]{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  if (!channelNamePattern.test(name) || !Number.isSafeInteger(sequence)) {
    throw new TrustError('malformed', 'expected a channel and a sequence in a cursor');
  }
  return [name, sequence];
}
