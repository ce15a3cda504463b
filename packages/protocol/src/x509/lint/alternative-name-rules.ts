/** Rules for alternative names: syntax, internationalised labels, and what a server's must say (RFC 5280, 4.2.1.6). */
import { encodeHex } from '../../bytes/hex.ts';
import { TrustError } from '../../errors.ts';
import { isALabel } from '../a-label.ts';
import { formatAddress, parseAddress } from '../address.ts';
import type { GeneralName } from '../general-name.ts';
import { isEmptyName, listAttributes } from '../name.ts';
import { assertGeneralName, findUriHost } from '../name-syntax.ts';
import { purposes } from '../oids.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for the alternative names of subject and issuer. */
export const alternativeNameRules: readonly LintRule[] = [
  error(['san-syntax', 'RFC 5280, 4.2.1.6; RFC 1034, 3.5'], 'a name in the syntax of its form', (subject) =>
    listNames(subject).filter(isMalformed).map(describe),
  ),
  error(['san-a-label', 'RFC 5891, 4.2; RFC 3492'], 'labels of plain ASCII, or in valid punycode', (subject) =>
    listNames(subject)
      .filter((name) => hostOf(name).split('.').some(isBadLabel))
      .map(describe),
  ),
  error(['san-uri', 'RFC 5280, 4.2.1.6; RFC 3986, 3.2.2'], 'a URI whose authority names a host or address', (subject) =>
    listNames(subject).filter(isHostless).map(describe),
  ),
  error(['san-directory', 'RFC 5280, 4.2.1.6'], 'directory names that are not empty', (subject) =>
    listNames(subject).every((name) => name.kind !== 'directory' || !isEmptyName(name.name)),
  ),
  warning(['san-once', 'RFC 5280, 4.2.1.6'], 'each name once', (subject) => {
    const names = listNames(subject).map(describe);
    return names.filter((name, index) => names.indexOf(name) !== index);
  }),
  warning(['san-form', 'RFC 5280, 4.2.1.6'], 'names of a form that is in use', (subject) =>
    listNames(subject)
      .filter(({ kind }) => kind === 'x400' || kind === 'edi-party')
      .map(describe),
  ),
  warning(
    ['san-critical', 'RFC 5280, 4.2.1.6'],
    'names that are critical only where the subject is empty',
    ({ certificate }) =>
      certificate.extensions.subjectAlternativeName?.critical !== true || isEmptyName(certificate.subject),
  ),
  error(
    ['server-names', 'RFC 9525, 2; Baseline Requirements, 7.1.2.7.12'],
    'a host name or address',
    (subject) => !isServer(subject) || listSubjectNames(subject).some(({ kind }) => kind === 'dns' || kind === 'ip'),
  ),
  error(
    ['server-common-name', 'Baseline Requirements, 7.1.4.3'],
    'a common name that is one of the alternative names',
    (subject) => (isServer(subject) ? listForeignCommonNames(subject) : true),
  ),
  error(
    ['server-wildcard', 'RFC 9525, 6.3; Baseline Requirements, 3.2.2.6'],
    'two labels below a wildcard',
    (subject) =>
      listSubjectNames(subject)
        .filter((name) => name.kind === 'dns' && /^\*\.[^.]*$/.test(name.text))
        .map(describe),
  ),
  error(
    ['email-names', 'RFC 8550, 3'],
    'a mailbox among the alternative names',
    (subject) => subject.kind !== 'email' || listSubjectNames(subject).some(({ kind }) => kind === 'email'),
  ),
];

function listSubjectNames({ certificate }: LintSubject): readonly GeneralName[] {
  return certificate.extensions.subjectAlternativeName?.value ?? [];
}

function listNames(subject: LintSubject): readonly GeneralName[] {
  const issuerNames = subject.certificate.extensions.issuerAlternativeName?.value;
  return issuerNames ? [...listSubjectNames(subject), ...issuerNames] : listSubjectNames(subject);
}

function isServer({ certificate, kind }: LintSubject): boolean {
  const isAuthority = certificate.extensions.basicConstraints?.value.isAuthority === true;
  const isForServers = certificate.extensions.extendedKeyUsage?.value.includes(purposes.serverAuth);
  return !isAuthority && (kind === 'server' || isForServers === true);
}

function isMalformed(name: GeneralName): boolean {
  try {
    assertGeneralName(name);
    return false;
  } catch (cause) {
    if (cause instanceof TrustError) return true;
    throw cause;
  }
}

/** The host of a name that has one, otherwise nothing. */
function hostOf(name: GeneralName): string {
  if (name.kind === 'dns') return name.text.startsWith('*.') ? name.text.slice(2) : name.text;
  if (name.kind === 'uri') return findUriHost(name.text) ?? '';
  return name.kind === 'email' ? name.text.slice(name.text.lastIndexOf('@') + 1) : '';
}

/** RFC 5890, 2.3.1: two hyphens in the third and fourth place are reserved, and `xn--` is all that was made of it. */
function isBadLabel(label: string): boolean {
  return label.slice(2, 4) === '--' && !isALabel(label.toLowerCase());
}

/** Where there are two slashes, a host or an address follows. */
function isHostless(name: GeneralName): boolean {
  if (name.kind !== 'uri') return false;
  const [, authority] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(name.text) ?? [];
  if (authority === undefined) return false;
  const host = authority.replace(/^[^@]*@/, '').replace(/:[0-9]*$/, '');
  const address = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return !(parseAddress(address) || !isMalformed({ kind: 'dns', text: host })) || host.startsWith('*');
}

function listForeignCommonNames(subject: LintSubject): readonly string[] {
  const names = listSubjectNames(subject).map(describe);
  return listAttributes(subject.certificate.subject, 'CN').filter((text) => !names.includes(text));
}

function describe(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      return name.text;
    case 'ip':
      return name.address.length === 4 || name.address.length === 16
        ? formatAddress(name.address)
        : encodeHex(name.address);
    case 'directory':
      return name.name.keys.join(',');
    case 'registered-id':
      return name.oid;
    case 'other':
      return `${name.type}=${encodeHex(name.value)}`;
    case 'x400':
    case 'edi-party':
      return `${name.kind}=${encodeHex(name.bytes)}`;
  }
}
