/** How certificates and authorities are named and shown, on all pages of the area. */
import type { Answer } from '../../api/client.ts';

/** A certificate as the list has it. */
export type Certificate = Answer<'GET /api/certificates'>['certificates'][number];
/** A certificate with all that stands in it. */
export type CertificateDetail = Answer<'GET /api/certificates/{id}'>;
/** An authority. */
export type Authority = Answer<'GET /api/authorities'>['authorities'][number];
/** A profile, by its name. */
export type Profile = Answer<'GET /api/certificate-profiles'>['profiles'][number];

/** The badge of each state of a certificate. */
export const certificateKinds = {
  valid: 'good',
  held: 'info',
  revoked: 'bad',
  expired: 'plain',
} as const satisfies Readonly<Record<Certificate['state'], string>>;

/** The badge of each state of an authority. */
export const authorityKinds = {
  pending: 'info',
  active: 'good',
  retired: 'plain',
  revoked: 'bad',
} as const satisfies Readonly<Record<Authority['state'], string>>;

const problemNames = [
  'der-unreadable',
  'columns-differ',
  'issuer-missing',
  'signature-wrong',
  'chain-broken',
  'key-unreadable',
  'key-differs',
  'key-known-weak',
  'list-unreadable',
  'list-signature-wrong',
  'list-columns-differ',
  'list-number-behind',
  'list-contradicts',
  'list-incomplete',
] as const;

/** Whether there are words for what a check has found. */
export function isProblemName(problem: string): problem is (typeof problemNames)[number] {
  return problemNames.some((name) => name === problem);
}

/** Kinds of key that an authority can be made with. */
export const authorityKeyTypes = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa-3072', 'rsa-4096', 'ed25519'] as const;

/** Whether certificates can be asked of it here: roots certify authorities alone, and what they sign needs their passphrase each time. */
export function issuesHere({ state, kind, custody }: Authority): boolean {
  return state === 'active' && kind === 'intermediate' && custody === 'server';
}

/** Whether `one` stands below `above`, over any number of authorities between them. */
export function isBelow(one: Authority, above: Authority, all: readonly Authority[]): boolean {
  const seen = new Set<string>();
  for (let parent = one.parent; parent !== null && !seen.has(parent); ) {
    if (parent === above.name) return true;
    seen.add(parent);
    parent = all.find(({ name }) => name === parent)?.parent ?? null;
  }
  return false;
}

/** What people call a certificate: its common name, else its first other name, else its serial number. */
export function nameOf({ common_name, names, serial }: Pick<Certificate, 'common_name' | 'names' | 'serial'>): string {
  return common_name || names[0]?.replace(/^\w+:/, '') || serial;
}

/** An authority and those that it has certified. */
export interface Branch {
  readonly authority: Authority;
  readonly below: readonly Branch[];
}

/** Authorities as trees: what has no parent here stands at the top. */
export function growTree(authorities: readonly Authority[]): readonly Branch[] {
  const names = new Set(authorities.map(({ name }) => name));
  const grow = (parent: string | null, seen: ReadonlySet<string>): readonly Branch[] =>
    authorities
      .filter(
        (one) => (one.parent !== null && names.has(one.parent) ? one.parent : null) === parent && !seen.has(one.name),
      )
      .map((authority) => ({ authority, below: grow(authority.name, new Set([...seen, authority.name])) }));
  return grow(null, new Set());
}
