/** A name with all that stands below it, as text: `dns:example.com`, `ip:10.0.0.0/8` (RFC 5280, 4.2.1.10, the forms in use). */
import { parseAddress } from './address.ts';
import { isHostName } from './name-syntax.ts';

/** A base name of one form, as a name constraint has it. An address is followed by its mask. */
export type Subtree =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly text: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array<ArrayBuffer> };

/**
 * The base in `text`, `undefined` when it is none. Hosts become lower case; a dot before a host of `email` or `uri` is kept,
 * and means what stands below it alone.
 */
export function parseSubtree(text: string): Subtree | undefined {
  const [, kind, base = ''] = /^(dns|ip|email|uri):(.{1,253})$/.exec(text) ?? [];
  switch (kind) {
    case 'dns':
      return isHostName(base) ? { kind, text: base.toLowerCase() } : undefined;
    case 'email':
    case 'uri':
      return isHostName(base.replace(/^\./, '')) ? { kind, text: base.toLowerCase() } : undefined;
    case 'ip':
      return parseRange(base);
    default:
      return undefined;
  }
}

/** `10.0.0.0/8`, `fd00::/8` or one address. */
function parseRange(text: string): Subtree | undefined {
  const [, base = '', prefix] = /^([^/]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (!address) return undefined;
  const bits = prefix === undefined ? address.length * 8 : Number(prefix);
  if (bits > address.length * 8) return undefined;
  const mask = address.map((_, index) => 0xff00 >> Math.min(8, Math.max(0, bits - 8 * index)));
  // An address with bits beyond its mask was meant to be something else.
  if (address.some((octet, index) => (octet & ~(mask[index] ?? 0) & 0xff) !== 0)) return undefined;
  return { kind: 'ip', address: Uint8Array.of(...address, ...mask) };
}
