/** Which addresses a request may go to: what a name resolves to is looked at once, and the connection is held to it. */
import { lookup as lookUp } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { TrustError } from '@signpost/protocol/errors';
import { type AddressPolicy, isReachable } from './address-policy.ts';

/** How far requests reach. */
export interface Reach {
  /** Plain http: is for addresses that are not public, and for `any` alone. */
  readonly addresses: AddressPolicy;
  /** Resolves a host name; the machine's way by itself. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** The addresses at `url` that may be connected to, one at least. Throws TrustError `fetch_failed`, or what resolving throws. */
export async function findAddresses(
  { addresses: policy, resolve = resolveByMachine }: Reach,
  url: URL,
): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const all = isIP(host) === 0 ? await resolve(host) : [host];
  const allowed = all.filter((address) => isReachable(address, policy) && mayBePlain(url, address));
  if (allowed.length > 0) return allowed;
  throw new TrustError('fetch_failed', `expected ${url.host} to have an address that this server may connect to`);
}

function mayBePlain({ protocol }: URL, address: string): boolean {
  return protocol === 'https:' || !isReachable(address, 'public');
}

async function resolveByMachine(host: string): Promise<readonly string[]> {
  return (await lookUp(host, { all: true })).map(({ address }) => address);
}

/** A lookup that knows these addresses alone: nobody can change them between the look and the connection. */
export function holdTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = all;
    if (options.all) callback(null, all);
    else callback(null, first?.address ?? '', first?.family);
  };
}
