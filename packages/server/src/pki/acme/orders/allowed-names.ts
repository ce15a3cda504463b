/** Which names a directory lets clients ask for: exact names, everything below a domain, address ranges. */
import { BlockList, isIP } from 'node:net';
import { isHostName } from '@signpost/protocol/x509/name-syntax';
import type { Identifier } from '../problem.ts';

/** Whether `text` is a host name (`www.example.com`), a domain with a dot before it (`.example.com`), an address or a range. */
export function isNamePattern(text: string): boolean {
  if (text !== text.toLowerCase()) return false;
  return isRange(text) || isHostName(text.startsWith('.') ? text.slice(1) : text);
}

/**
 * Whether one of `patterns` stands for the identifier; without patterns, all do. A host name stands for itself, one with a
 * dot before it for every name and wildcard below, a range for its addresses.
 */
export function isAllowedName({ type, value }: Identifier, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true;
  if (type === 'ip') return patterns.some((pattern) => isRange(pattern) && isWithin(value, pattern));
  return patterns.some((pattern) => (pattern.startsWith('.') ? value.endsWith(pattern) : value === pattern));
}

function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0 || address.includes('%')) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function isWithin(address: string, range: string): boolean {
  const [network = '', bits] = range.split('/');
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(address) !== isIP(network)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  return list.check(address, family);
}
