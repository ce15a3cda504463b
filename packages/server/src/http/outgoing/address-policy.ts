/** Where the server may connect to when others name the target: strangers by ACME orders, admins by addresses of repositories. */
import { BlockList, isIP } from 'node:net';

/** `private` adds private networks to what is public, `any` this machine and link-local addresses. */
export type AddressPolicy = 'public' | 'private' | 'any';

/** IANA's special-purpose addresses (RFC 6890): nobody's server is there, or only this machine's. */
const special = createList([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/128',
  '::1/128',
  '100::/64',
  '2001:db8::/32',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

/** RFC 1918, RFC 6598, RFC 4193. */
const privateNetworks = createList(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** Addresses that carry one of version 4 in them (RFC 4291, 2.5.5; RFC 6052; RFC 3056): a way around the lists above. */
const carriers = createList(['::/96', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16']);

/** Whether `policy` lets the server connect to `address`. What is no address is not allowed. */
export function isReachable(address: string, policy: AddressPolicy): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false;
  if (policy === 'any') return true;
  // Node takes an address of version 4 for a mapped one, so the carriers are asked for version 6 alone.
  if (isListed(special, address) || (isIP(address) === 6 && isListed(carriers, address))) return false;
  return policy === 'private' || !isListed(privateNetworks, address);
}

function isListed(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function createList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    list.addSubnet(network, Number(bits), isIP(network) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
