/** Which names an authority may speak for (RFC 5280, 4.2.1.10). */
import { TrustError } from '../errors.ts';
import type { Certificate } from './certificate.ts';
import type { NameConstraints } from './constraint-extensions.ts';
import type { GeneralName } from './general-name.ts';
import { isEmptyName, isWithinName, listAttributes } from './name.ts';
import { findUriHost, isMailbox } from './name-syntax.ts';

/** Comparisons that one certificate may cost: names times constraints, each as large as its signer likes. */
const maxComparisons = 250_000;

/**
 * Throws `certificate_invalid` unless every name of `certificate` keeps to all of `constraints`, those of the authorities
 * above it. Within each list of permitted names a name must match one of its own form, if there is any of that form.
 */
export function assertPermitted(certificate: Certificate, constraints: readonly NameConstraints[]): void {
  const names = listNames(certificate);
  const subtrees = constraints.reduce((sum, { permitted, excluded }) => sum + permitted.length + excluded.length, 0);
  if (names.length * subtrees > maxComparisons) {
    throw new TrustError('certificate_invalid', `expected at most ${maxComparisons} comparisons of names`);
  }
  for (const { permitted, excluded } of constraints) {
    for (const name of names) assertName(name, permitted, excluded);
  }
}

/** The subject, if it is not empty, its mail addresses, and the alternative names. */
function listNames({ subject, extensions }: Certificate): readonly GeneralName[] {
  const own: GeneralName[] = isEmptyName(subject) ? [] : [{ kind: 'directory', name: subject }];
  // "The rfc822Name constraint MUST be applied to the attribute of type emailAddress in the subject."
  const mail = listAttributes(subject, 'emailAddress').map((text): GeneralName => ({ kind: 'email', text }));
  return [...own, ...mail, ...(extensions.subjectAlternativeName?.value ?? [])];
}

function assertName(name: GeneralName, permitted: readonly GeneralName[], excluded: readonly GeneralName[]): void {
  const allowed = permitted.filter(({ kind }) => kind === name.kind);
  const forbidden = excluded.filter(({ kind }) => kind === name.kind);
  if (allowed.length + forbidden.length === 0) return;
  if (!isComparable(name)) {
    // RFC 5280, 4.2.1.10: constraints of a form that is not understood must be refused when such a name appears.
    throw new TrustError('certificate_invalid', `expected no ${name.kind} name under a constraint on such names`);
  }
  if (allowed.length > 0 && !allowed.some((base) => isWithin(name, base))) {
    throw new TrustError('certificate_invalid', `expected a permitted ${name.kind} name`);
  }
  if (forbidden.some((base) => isWithin(name, base) || mayExpandInto(name, base))) {
    throw new TrustError('certificate_invalid', `expected no excluded ${name.kind} name`);
  }
}

function isComparable(name: GeneralName): boolean {
  // A URI without a host name cannot be held against a constraint on hosts.
  if (name.kind === 'uri') return findUriHost(name.text) !== undefined;
  // Attributes of subjects come here unchecked; with two @, each reader would see another host.
  if (name.kind === 'email') return isMailbox(name.text);
  return ['dns', 'ip', 'directory'].includes(name.kind);
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.kind === 'dns' && base.kind === 'dns') return isWithinHost(name.text, base.text);
  if (name.kind === 'email' && base.kind === 'email') return isWithinMail(name.text, base.text);
  if (name.kind === 'uri' && base.kind === 'uri') return isWithinDomain(findUriHost(name.text) ?? '', base.text);
  if (name.kind === 'ip' && base.kind === 'ip') return isWithinRange(name.address, base.address);
  return name.kind === 'directory' && base.kind === 'directory' && isWithinName(name.name, base.name);
}

/** "Zero or more labels added to the left." */
function isWithinHost(host: string, base: string): boolean {
  const [name, end] = [host.toLowerCase(), base.toLowerCase()];
  return end === '' || name === end || name.endsWith(`.${end}`);
}

/** A mailbox, all of a host, or, with a dot before it, all hosts of a domain. Local parts know case. */
function isWithinMail(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf('@');
  const [local, host] = [mailbox.slice(0, at), mailbox.slice(at + 1)];
  const baseAt = base.lastIndexOf('@');
  if (baseAt < 0) return isWithinDomain(host, base);
  return local === base.slice(0, baseAt) && host.toLowerCase() === base.slice(baseAt + 1).toLowerCase();
}

/** A host by its exact name, or with a dot at the start everything below it but not itself. */
function isWithinDomain(host: string, base: string): boolean {
  const [name, end] = [host.toLowerCase(), base.toLowerCase()];
  return end.startsWith('.') ? name.endsWith(end) && name.length > end.length : name === end;
}

function isWithinRange(address: Uint8Array, range: Uint8Array): boolean {
  const { length } = address;
  if (range.length !== 2 * length) return false;
  return address.every((octet, index) => {
    const mask = range[length + index] ?? 0;
    return (octet & mask) === ((range[index] ?? 0) & mask);
  });
}

/** Whether a wildcard could stand for a name that is excluded: CVE-2025-61727. */
function mayExpandInto(name: GeneralName, base: GeneralName): boolean {
  if (name.kind !== 'dns' || base.kind !== 'dns' || !name.text.startsWith('*.')) return false;
  const dot = base.text.indexOf('.');
  return dot > 0 && base.text.slice(dot).toLowerCase() === name.text.slice(1).toLowerCase();
}
