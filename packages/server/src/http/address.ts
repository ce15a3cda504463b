/** Who is asking, behind proxies: only hops that the operator trusts may say. */
import { BlockList, isIP } from 'node:net';

/** The client's address when the connection has none (a Unix socket, or already closed). */
export const unknownAddress = 'unknown';

/** Hops of X-Forwarded-For that are looked at, from the right. */
const maxHops = 16;

/** The proxies whose forwarding headers count. */
export interface TrustedProxies {
  includes(address: string): boolean;
}

/** The proxies that `ranges`, addresses or CIDR ranges, name. Throws a RangeError for anything else. */
export function createTrustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return { includes: (address) => isListed(list, address) };
}

/**
 * The address that the rate limits count. Without a trusted peer it is the peer's, whatever the header says. Otherwise
 * the hops are read from the right, and the first one that is not trusted is the client; text that is no address ends
 * the walk at the last hop that was.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): string {
  if (peer === undefined) return unknownAddress;
  let client = normaliseAddress(peer) ?? unknownAddress;
  if (forwardedFor === undefined) return client;
  const hops = forwardedFor.split(',').reverse().slice(0, maxHops);
  for (const hop of hops) {
    if (!trusted.includes(client)) return client;
    const address = normaliseAddress(hop);
    if (address === undefined) return client;
    client = address;
  }
  return client;
}

/** Whether a trusted peer says that the client came over HTTPS. The last value is the one that peer itself wrote. */
export function isForwardedOverHttps(
  peer: string | undefined,
  forwardedProto: string | undefined,
  trusted: TrustedProxies,
): boolean {
  const address = peer === undefined ? undefined : normaliseAddress(peer);
  if (address === undefined || forwardedProto === undefined || !trusted.includes(address)) return false;
  return forwardedProto.split(',').at(-1)?.trim().toLowerCase() === 'https';
}

/**
 * What the limits count as one client: an IPv4 address, or the /64 of an IPv6 address, since whoever holds one address
 * of a /64 usually holds them all.
 */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%', 1).join('').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** `text` as a plain address: without port, brackets and zone, IPv4 out of IPv6. Undefined when it is none. */
export function normaliseAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const bracketed = /^\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?$/.exec(trimmed);
  const withPort = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(trimmed);
  const bare = (bracketed?.[1] ?? withPort?.[1] ?? trimmed).replace(/%.*$/, '').toLowerCase();
  if (isIP(bare) === 0) return undefined;
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare);
  return mapped?.[1] ?? bare;
}

function isListed(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function addRange(list: BlockList, range: string): void {
  const [address = '', prefix] = range.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  if (family === 0) throw new RangeError('expected an address or a CIDR range');
  list.addSubnet(address, prefix === undefined ? bits : Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
}
