/** The syntax of names that stand for hosts, mailboxes and places (RFC 5280, 4.2.1.6; RFC 1034, 3.5; RFC 1123, 2.1). */
import { TrustError } from '../errors.ts';
import type { GeneralName } from './general-name.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostPattern = new RegExp(`^${label}(?:\\.${label})*$`, 'i');
/** A last label that is a number, also in hexadecimal, is an address for whoever resolves names or reads URLs (WHATWG URL, 3.5). */
const numericEnd = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/i;

/** Whether `text` is a host name in the preferred syntax: no wildcard, no underscore, no dot at the end, no address. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && hostPattern.test(text) && !numericEnd.test(text);
}

/** Whether `text` is a host name, or one with `*` as its whole first label. */
export function isHostPattern(text: string): boolean {
  return isHostName(text.startsWith('*.') ? text.slice(2) : text);
}

/** Whether `text` is a mailbox: a local part of printable ASCII and a host (RFC 2821, 4.1.2, without quotes and addresses). */
export function isMailbox(text: string): boolean {
  const parts = /^([!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*)@([^@]+)$/.exec(text);
  return text.length <= 254 && parts !== null && isHostName(parts[2] ?? '');
}

/** The host of an absolute URI, lower-case; `undefined` when it has none, or an address (RFC 3986, 3.2). */
export function findUriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1];
  const host = authority?.replace(/^[^@]*@/, '').replace(/:[0-9]*$/, '');
  return host !== undefined && isHostName(host) ? host.toLowerCase() : undefined;
}

/** Whether `text` is an absolute URI in ASCII (RFC 3986, 4.3; RFC 5280, 4.2.1.6). */
export function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9a-f]{2})+$/i.test(text);
}

/** Throws `certificate_invalid` unless a subject or issuer may have this name. */
export function assertGeneralName(name: GeneralName): void {
  if (name.kind === 'dns' && !isHostPattern(name.text)) throw refuse('a host name', name.text);
  if (name.kind === 'email' && !isMailbox(name.text)) throw refuse('a mailbox', name.text);
  if (name.kind === 'uri' && !isUri(name.text)) throw refuse('an absolute URI', name.text);
  if (name.kind === 'ip' && name.address.length !== 4 && name.address.length !== 16) {
    throw new TrustError('certificate_invalid', `expected an address of 4 or 16 octets, got ${name.address.length}`);
  }
}

/** Throws `certificate_invalid` unless this may be the base of permitted or excluded names (RFC 5280, 4.2.1.10). */
export function assertSubtree(name: GeneralName): void {
  // The empty name stands for all; a dot at the start is for URIs alone, whatever OpenSSL takes.
  if (name.kind === 'dns' && name.text !== '' && !isHostName(name.text)) throw refuse('a host name', name.text);
  if (name.kind === 'email' && !isEmailSubtree(name.text)) throw refuse('a mailbox or host', name.text);
  if (name.kind === 'uri' && !isHostName(name.text.replace(/^\./, ''))) throw refuse('a host or domain', name.text);
  if (name.kind === 'ip' && !isAddressRange(name.address)) {
    throw new TrustError('certificate_invalid', 'expected an address range with a mask of ones, then zeros');
  }
}

function isEmailSubtree(text: string): boolean {
  return text.includes('@') ? isMailbox(text) : isHostName(text.replace(/^\./, ''));
}

function isAddressRange(address: Uint8Array): boolean {
  if (address.length !== 8 && address.length !== 32) return false;
  const bits = [...address.subarray(address.length / 2)].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits);
}

function refuse(expected: string, got: string): TrustError {
  return new TrustError('certificate_invalid', `expected ${expected}, got ${JSON.stringify(got.slice(0, 100))}`);
}
