/** Internet addresses as octets and as text (RFC 5952 for version 6). */

/** The text of 4 or 16 octets in its one canonical form. Throws a TypeError for other lengths. */
export function formatAddress(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  if (address.length !== 16) throw new TypeError(`expected 4 or 16 octets, got ${address.length}`);
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((address[2 * index] ?? 0) << 8) | (address[2 * index + 1] ?? 0)).toString(16),
  );
  const { start, length } = findLongestZeros(groups);
  // RFC 5952, 4.2.2: one group alone is not shortened.
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** RFC 5952, 4.2.3: the first of the longest runs. */
function findLongestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** The octets of a dotted or colon form, `undefined` when it is none. Leading zeros, zones and ports are none. */
export function parseAddress(text: string): Uint8Array<ArrayBuffer> | undefined {
  return text.includes(':') ? parseColons(text) : parseDots(text);
}

function parseDots(text: string): Uint8Array<ArrayBuffer> | undefined {
  const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  const match = new RegExp(`^${Array.from({ length: 4 }, () => octet).join('\\.')}$`).exec(text);
  return match ? Uint8Array.from(match.slice(1).map(Number)) : undefined;
}

function parseColons(text: string): Uint8Array<ArrayBuffer> | undefined {
  const dotted = parseDots(/(?<=:)[0-9.]+$/.exec(text)?.[0] ?? '');
  const plain = dotted ? text.replace(/[0-9.]+$/, `${joinPair(dotted, 0)}:${joinPair(dotted, 2)}`) : text;
  const [head = '', tail, ...others] = plain.split('::');
  const left = splitGroups(head);
  const right = tail === undefined ? [] : splitGroups(tail);
  const missing = 8 - left.length - right.length;
  const isRight = tail === undefined ? missing === 0 : missing >= 1;
  const groups = [...left, ...new Array<string>(Math.max(missing, 0)).fill('0'), ...right];
  if (others.length > 0 || !isRight || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

function splitGroups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

function joinPair(octets: Uint8Array, at: number): string {
  return (((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)).toString(16);
}
