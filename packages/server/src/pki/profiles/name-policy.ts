/** Which names an organisation's authorities may certify: what is not allowed is refused. */
import { formatAddress } from '@signpost/protocol/x509/address';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import type { AttributeToWrite } from '@signpost/protocol/x509/name';
import { isHostPattern, isMailbox } from '@signpost/protocol/x509/name-syntax';
import { parseSubtree, type Subtree } from '@signpost/protocol/x509/subtree';
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { formatNameText, type IssuedName, quote } from './name-text.ts';
import { isPublicSuffix, privateDomains } from './public-suffix.ts';
import { isWithinSubtree } from './subtree.ts';

const subtreesSchema = z
  .array(
    z
      .string()
      .max(260)
      .refine((text) => parseSubtree(text) !== undefined, 'expected such as dns:example.com'),
  )
  .max(1000);

/** A policy as it is written: bases such as `dns:example.com`, `email:example.com`, `ip:10.0.0.0/8`, `uri:example.com`. */
export const namePolicySchema = z
  .strictObject({ allowed: subtreesSchema, denied: subtreesSchema.default([]) })
  .superRefine(({ allowed }, context) => {
    for (const text of allowed.filter(isForeign)) {
      context.addIssue({ code: 'custom', message: `${text} would allow the names of strangers` });
    }
  });

/** A policy as it is written. */
export type NamePolicyDocument = z.infer<typeof namePolicySchema>;

/** A policy that names are held against. */
export interface NamePolicy {
  readonly allowed: readonly Subtree[];
  readonly denied: readonly Subtree[];
}

/**
 * What holds until an organisation decides: names that are nobody's on the Internet, and addresses of private networks
 * (RFC 1918, RFC 4193, loopback).
 */
export const defaultNamePolicy: NamePolicyDocument = {
  allowed: [
    ...(['dns', 'email', 'uri'] as const).flatMap((kind) => privateDomains.map((domain) => `${kind}:${domain}`)),
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '::1', 'fc00::/7'].map(
      (range) => `ip:${range}`,
    ),
  ],
  denied: [],
};

function isForeign(text: string): boolean {
  const [kind, base = ''] = text.split(':');
  const host = base.replace(/^\./, '').toLowerCase();
  return kind !== 'ip' && isPublicSuffix(host) && !privateDomains.includes(host);
}

/** The policy of a document that `namePolicySchema` takes. */
export function parseNamePolicy({ allowed, denied }: NamePolicyDocument): NamePolicy {
  const parse = (texts: readonly string[]) => texts.flatMap((text) => parseSubtree(text) ?? []);
  return { allowed: parse(allowed), denied: parse(denied) };
}

/**
 * Throws `forbidden`, rule `name-policy`, unless each name is allowed and none denied, and `wildcard` for one over a public
 * suffix. A common name that reads as a host or mailbox counts as one.
 */
export function assertAllowed(
  policy: NamePolicy,
  { subject, names }: { readonly subject: readonly AttributeToWrite[]; readonly names: readonly IssuedName[] },
): void {
  for (const name of [...names, ...subject.flatMap(readAsName)]) {
    assertWildcard(name);
    if (!policy.allowed.some((base) => isWithinSubtree(name, base))) throw refuse(name, 'allowed');
    if (policy.denied.some((base) => isWithinSubtree(name, base) || mayExpandInto(name, base))) {
      throw refuse(name, 'denied');
    }
  }
}

function readAsName([type, text]: AttributeToWrite): IssuedName[] {
  if (type === 'emailAddress') return [{ kind: 'email', text }];
  if (type !== 'CN') return [];
  if (isMailbox(text)) return [{ kind: 'email', text }];
  return text.includes('.') && isHostPattern(text) ? [{ kind: 'dns', text: text.toLowerCase() }] : [];
}

function assertWildcard(name: GeneralName): void {
  if (name.kind !== 'dns' || !name.text.startsWith('*.') || !isPublicSuffix(name.text.slice(2))) return;
  throw new Refusal('forbidden', `expected a wildcard below a name of one's own, got ${quote(name.text)}`, {
    rule: 'wildcard',
  });
}

/** A wildcard that could stand for a denied name. */
function mayExpandInto(name: GeneralName, base: Subtree): boolean {
  if (name.kind !== 'dns' || base.kind !== 'dns' || !name.text.startsWith('*.')) return false;
  return base.text.slice(base.text.indexOf('.') + 1) === name.text.slice(2).toLowerCase();
}

function refuse(name: IssuedName, why: 'allowed' | 'denied'): Refusal {
  const text = quote(formatNameText(name)).slice(1, -1);
  const message =
    why === 'allowed' ? `the name ${text} is not allowed in this organisation` : `the name ${text} is denied`;
  return new Refusal('forbidden', message, {
    rule: 'name-policy',
    hint:
      why === 'allowed'
        ? `an admin allows it: signpost cert policy allow ${suggestBase(name)}`
        : 'signpost cert policy show',
  });
}

function suggestBase(name: IssuedName): string {
  if (name.kind === 'ip') return `ip:${formatAddress(name.address)}`;
  const host = name.text
    .replace(/^\*\./, '')
    .replace(/^.*@/, '')
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/[/:?#].*$/, '');
  return isHostPattern(host) ? `${name.kind}:${host.toLowerCase()}` : `${name.kind}:HOST`;
}
