/** Alternative names as text: `dns:host.example`, `ip:10.0.0.1`, `email:a@host.example`, `uri:https://host.example/` (RFC 5280, 4.2.1.6). */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { formatAddress, parseAddress } from '@signpost/protocol/x509/address';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { formatName } from '@signpost/protocol/x509/name';
import { isHostPattern, isMailbox, isUri } from '@signpost/protocol/x509/name-syntax';
import { Refusal } from '../../errors.ts';

/** The forms of name that are issued. */
export const nameKinds = ['dns', 'ip', 'email', 'uri'] as const;

/** One of them. */
export type NameKind = (typeof nameKinds)[number];

/** A name that may stand in a certificate of ours. */
export type IssuedName = GeneralName & { readonly kind: NameKind };

const maxNameCharacters = 1024;

/** The text of a name; of forms that are not issued, what can be said about them. */
export function formatNameText(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      return `${name.kind}:${name.text}`;
    case 'ip':
      return `ip:${isAddress(name.address) ? formatAddress(name.address) : encodeHex(name.address)}`;
    case 'directory':
      return `directory:${formatName(name.name)}`;
    case 'registered-id':
      return `registered-id:${name.oid}`;
    case 'other':
      return `other:${name.type}`;
    case 'x400':
    case 'edi-party':
      return name.kind;
  }
}

function isAddress(address: Uint8Array): boolean {
  return address.length === 4 || address.length === 16;
}

/** The name in `text`. Throws `invalid` with the rule that it breaks; host names become lower case. */
export function parseNameText(text: string): IssuedName {
  const colon = text.indexOf(':');
  const kind = nameKinds.find((one) => one === text.slice(0, colon));
  if (!kind || text.length > maxNameCharacters) {
    throw refuseName('name-form', `expected a name such as dns:host.example, got ${quote(text)}`);
  }
  return parseName(kind, text.slice(colon + 1));
}

/** The name of that form. Throws `invalid` with the rule that it breaks. */
export function parseName(kind: NameKind, text: string): IssuedName {
  if (kind === 'ip') {
    const address = parseAddress(text);
    if (!address) throw refuseName('name-form', `expected an address, got ${quote(text)}`);
    return { kind, address };
  }
  assertAscii(kind, text);
  return assertNameForm({ kind, text: kind === 'dns' ? text.toLowerCase() : text });
}

/** `name` as it is, when it is well formed and of a form that is issued. Throws `invalid`. */
export function assertNameForm(name: GeneralName): IssuedName {
  switch (name.kind) {
    case 'dns':
      assertAscii('dns', name.text);
      if (!isHostPattern(name.text)) throw refuseName('name-form', `expected a host name, got ${quote(name.text)}`);
      return name;
    case 'email':
      if (!isMailbox(name.text)) throw refuseName('name-form', `expected a mailbox, got ${quote(name.text)}`);
      return name;
    case 'uri':
      if (!isUri(name.text)) throw refuseName('name-form', `expected an absolute URI, got ${quote(name.text)}`);
      return name;
    case 'ip':
      if (!isAddress(name.address)) throw refuseName('name-form', 'expected an address of 4 or 16 octets');
      return name;
    default:
      throw refuseName('name-kind', `expected names of the forms ${nameKinds.join(', ')}, got ${name.kind}`);
  }
}

// Each reader shows other characters for what lies beyond ASCII; certificates carry A-labels (RFC 5280, 7.2).
function assertAscii(kind: NameKind, text: string): void {
  if (/^[\x21-\x7e]*$/.test(text)) return;
  const isText = /^[^\p{Cc}\p{Cs}\s]*$/u.test(text);
  throw refuseName('name-not-ascii', `expected ${kind} in ASCII without spaces, got ${quote(text)}`, {
    ...(isText ? { hint: 'host names beyond ASCII are given as A-labels: xn--...' } : {}),
  });
}

/** A refusal of a name; always `invalid`. */
export function refuseName(rule: string, message: string, { hint }: { readonly hint?: string } = {}): Refusal {
  return new Refusal('invalid', message, { rule, ...(hint === undefined ? {} : { hint }) });
}

/** Strangers' text in a message: short, and as a JSON string without characters that move others. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100)).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
