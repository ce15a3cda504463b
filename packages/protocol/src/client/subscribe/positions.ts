/** How far a listener has read, as canonical JSON text for its store (docs/protocol/frame.md, "Listening"). */
import { TrustError } from '../../errors.ts';
import { formatCursor } from '../../frames/cursor.ts';
import { channelNamePattern, epochPattern } from '../../frames/frame.ts';
import { encodeCanonicalText, type SignableValue } from '../../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString } from '../../json/fields.ts';
import { parseSignableText } from '../../json/parse.ts';
import type { ReadPosition } from './channel-log.ts';

/** Positions by channel. */
export type Positions = ReadonlyMap<string, ReadPosition>;

const positionsVersion = 1;

/** The text of `positions`. Nothing in it is secret. */
export function encodePositions(positions: Positions): string {
  const entries = [...positions].map(([channel, { epoch, sequence, hash }]) => ({ channel, epoch, sequence, hash }));
  return encodeCanonicalText({ positions_version: positionsVersion, positions: entries });
}

/** Parses what `encodePositions` wrote. Throws `state_invalid`: a damaged state is not the same as none. */
export function parsePositions(text: string): Positions {
  try {
    const object = parseObject(parseSignableText(text), 'the positions');
    if (object.positions_version !== positionsVersion) {
      throw new TrustError('malformed', `expected positions_version ${positionsVersion}`);
    }
    return new Map(parseArray(object, 'positions').map(parsePosition));
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new TrustError('state_invalid', `expected the positions of a listener: ${cause.message}`, { cause });
  }
}

/**
 * The cursor of `positions` for `channels`. A cursor has one epoch: channels that stand in another one are left out, and begin at
 * the head, which then says that their history is lost.
 */
export function cursorOf(
  positions: ReadonlyMap<string, Pick<ReadPosition, 'epoch' | 'sequence'>>,
  channels: readonly string[],
): string | undefined {
  const known = channels.flatMap((name) => {
    const position = positions.get(name);
    return position ? [{ name, ...position }] : [];
  });
  const [first] = known;
  if (!first) return undefined;
  const { epoch } = first;
  const sequences = known
    .filter((entry) => entry.epoch === epoch)
    .map((entry) => [entry.name, entry.sequence] as const);
  return formatCursor({ epoch, sequences: new Map(sequences) });
}

function parsePosition(item: SignableValue): [string, ReadPosition] {
  const entry = parseObject(item, 'a position');
  const position = {
    epoch: parsePattern(entry, 'epoch', epochPattern, '16 characters of hex'),
    sequence: parseInteger(entry, 'sequence', 0),
    hash: entry.hash === undefined ? undefined : parseString(entry, 'hash', 44),
  };
  return [parsePattern(entry, 'channel', channelNamePattern, 'the name of a channel'), position];
}
