/** Names with all that stands below them: `dns:example.com`, `ip:10.0.0.0/8` (RFC 5280, 4.2.1.10, for the forms that are issued). */
import { parseAddress } from '@signpost/protocol/x509/address';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { isHostName } from '@signpost/protocol/x509/name-syntax';
import type { NameKind } from './name-text.ts';

/** A base name of one form. An address is followed by its mask. */
export type Subtree =
  | { readonly kind: Exclude<NameKind, 'ip'>; readonly text: string }
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

/** The base as a name constraint has it. Throws a TypeError for text that is none. */
export function parseNameConstraint(text: string): GeneralName {
  const subtree = parseSubtree(text);
  if (!subtree) throw new TypeError(`expected a name constraint, got ${text}`);
  return subtree;
}

/** Whether a name stands below a base or is it: here all forms of host count alike. */
export function isWithinSubtree(name: GeneralName, base: Subtree): boolean {
  if (name.kind === 'ip') return base.kind === 'ip' && isWithinRange(name.address, base.address);
  const host = hostOf(name);
  return host !== undefined && base.kind === name.kind && isWithinDomain(host, base.text);
}

function hostOf(name: GeneralName): string | undefined {
  if (name.kind === 'dns') return name.text.replace(/^\*\./, '').toLowerCase();
  if (name.kind === 'email') return name.text.slice(name.text.lastIndexOf('@') + 1).toLowerCase();
  return name.kind === 'uri' ? findHost(name.text) : undefined;
}

/** Only what has an authority part has a host; an address there is none. */
function findHost(uri: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:]+)(?::[0-9]*)?(?:[/?#]|$)/i.exec(uri)?.[1];
  return host !== undefined && isHostName(host) ? host.toLowerCase() : undefined;
}

function isWithinDomain(host: string, base: string): boolean {
  return base.startsWith('.') ? host.endsWith(base) : host === base || host.endsWith(`.${base}`);
}

function isWithinRange(address: Uint8Array, range: Uint8Array): boolean {
  const { length } = address;
  if (range.length !== 2 * length) return false;
  return address.every((octet, index) => (octet & (range[length + index] ?? 0)) === range[index]);
}
