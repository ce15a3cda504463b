/** Which alternative names a profile lets stand in a certificate (RFC 5280, 4.2.1.6). */
import { formatAddress } from '@signpost/protocol/x509/address';
import type { AttributeToWrite } from '@signpost/protocol/x509/name';
import { assertALabels } from './a-label.ts';
import { assertNameForm, formatNameText, type IssuedName, quote, refuseName } from './name-text.ts';
import type { Profile } from './profile.ts';

/** Throws `invalid` with the rule that the names break, or the common name beside them. */
export function assertNames(
  profile: Profile,
  { subject, names }: { readonly subject: readonly AttributeToWrite[]; readonly names: readonly IssuedName[] },
): void {
  const { minimum, maximum } = profile.names;
  if (names.length < minimum || names.length > maximum) {
    throw refuseName('name-count', `expected ${minimum} to ${maximum} alternative names, got ${names.length}`, {
      ...(names.length < minimum
        ? { hint: `such as ${profile.names.kinds.map((kind) => `--${kind}`).join(' or ')}` }
        : {}),
    });
  }
  for (const name of names) assertName(profile, name);
  if (names.length > 1 && new Set(names.map(formatNameText)).size < names.length)
    throw refuseName('name-twice', 'expected each alternative name once');
  if (profile.names.common_name === 'in-names') assertCommonNames(subject, names);
}

function assertName(profile: Profile, name: IssuedName): void {
  assertNameForm(name);
  if (!profile.names.kinds.includes(name.kind)) {
    const kinds = profile.names.kinds.join(', ') || 'no form at all';
    throw refuseName('name-kind', `expected names of ${kinds} in profile ${profile.name}, got ${name.kind}`);
  }
  if (name.kind === 'dns') assertHost(profile, name.text);
  if (name.kind === 'email') assertALabels(name.text.slice(name.text.lastIndexOf('@') + 1));
}

function assertHost(profile: Profile, host: string): void {
  assertALabels(host.replace(/^\*\./, ''));
  if (!host.startsWith('*.')) return;
  if (!profile.names.wildcards) throw refuseName('wildcard', `expected no wildcard in profile ${profile.name}`);
}

/** What old clients look at must not say other than what new ones look at (Baseline Requirements, 7.1.4.3). */
function assertCommonNames(subject: readonly AttributeToWrite[], names: readonly IssuedName[]): void {
  const foreign = subject.find(([type, text]) => type === 'CN' && !names.some((name) => isCalled(name, text)));
  if (!foreign) return;
  throw refuseName(
    'common-name',
    `expected a common name that is one of the alternative names, got ${quote(foreign[1])}`,
  );
}

function isCalled(name: IssuedName, text: string): boolean {
  if (name.kind === 'dns') return name.text === text;
  return name.kind === 'ip' && formatAddress(name.address) === text;
}
