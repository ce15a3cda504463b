/** Parts of large revocation lists (RFC 5280, 5.2.5): by serial number alone, so that certificate and list agree without asking. */

/** Into so many parts lists are divided once they are large; a power of two. */
const manyParts = 64;
/** With more entries than this. What was issued before still names the list of all. */
const partsFrom = 10_000;

/** The place of a certificate among `count` parts: by the last octet of its serial number, which is random. */
export function partOf(serial: Uint8Array, count: number): number {
  return (serial.at(-1) ?? 0) % count;
}

/** What a part is called in addresses. */
export function formatPart(count: number, index: number): string {
  return `${count}-${index}`;
}

/** How many parts there are to be for `entries`; never fewer than now, since certificates name theirs. */
export function chooseParts(entries: number, now: number): number {
  return entries > partsFrom ? Math.max(now, manyParts) : now;
}
