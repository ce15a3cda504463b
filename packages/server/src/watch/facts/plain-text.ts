/** One text for one value (RFC 8259, keys sorted), also where strangers chose strings that canonical JSON refuses. */

/**
 * The text of a value of JSON; `undefined` members count as absent, and lone surrogates are escaped, so that every string has a
 * text. Equal values have equal texts, others never. Throws a TypeError for what JSON does not have.
 */
export function encodePlain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(encodePlain).join(',')}]`;
  if (typeof value === 'object' && value !== null) return encodeMembers(Object.entries(value));
  const text = typeof value === 'number' && !Number.isFinite(value) ? undefined : JSON.stringify(value);
  if (text === undefined) throw new TypeError(`expected a value of JSON, got ${String(value)}`);
  return text;
}

function encodeMembers(members: readonly (readonly [string, unknown])[]): string {
  const texts = members
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => compareTexts(left, right))
    .map(([key, value]) => `${JSON.stringify(key)}:${encodePlain(value)}`);
  return `{${texts.join(',')}}`;
}

/** The order of texts by their units, which is the same in every place. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
