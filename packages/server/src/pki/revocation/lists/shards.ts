/** Parts of large lists (RFC 5280, 5.2.5): by serial number alone, so that certificate and list agree without asking. */

/** Into so many parts lists are divided once they are large; a power of two. */
const manyShards = 64;
/** With more entries than this. What was issued before still names the list of all. */
const shardsFrom = 10_000;

/** The place of a certificate among `shards` parts: by the last octet of its serial number, which is random. */
export function shardOf(serial: string, shards: number): number {
  return Number.parseInt(serial.slice(-2), 16) % shards;
}

/** What a part is called in addresses. */
export function formatPart(shards: number, index: number): string {
  return `${shards}-${index}`;
}

/** How many parts there are to be for `entries`; never fewer than now, since certificates name theirs. */
export function chooseShards(entries: number, now: number): number {
  return entries > shardsFrom ? Math.max(now, manyShards) : now;
}
