/** Names with all that stands below them, as profiles and policies have them (RFC 5280, 4.2.1.10). */
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { isHostName } from '@signpost/protocol/x509/name-syntax';
import { parseSubtree, type Subtree } from '@signpost/protocol/x509/subtree';

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
