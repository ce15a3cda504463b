/** Rules for the names of issuer and subject: string types, upper bounds and texts (RFC 5280, 4.1.2.4, 4.1.2.6, appendix A). */
import { tags } from '../../asn1/tag.ts';
import { isAuthority } from '../certificate.ts';
import { type DistinguishedName, isEmptyName, listAttributes, type NameAttribute } from '../name.ts';
import { isMailbox } from '../name-syntax.ts';
import { type AttributeName, attributeOids } from '../oids.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for the distinguished names of every certificate. */
export const nameRules: readonly LintRule[] = [
  error(['issuer-present', 'RFC 5280, 4.1.2.4'], 'an issuer', ({ certificate }) => !isEmptyName(certificate.issuer)),
  error(
    ['subject-present', 'RFC 5280, 4.1.2.6'],
    'a subject, or critical alternative names',
    ({ certificate }) =>
      !isEmptyName(certificate.subject) || certificate.extensions.subjectAlternativeName?.critical === true,
  ),
  error(
    ['authority-subject', 'RFC 5280, 4.1.2.6'],
    'an authority with a subject',
    ({ certificate }) => !isAuthority(certificate) || !isEmptyName(certificate.subject),
  ),
  error(['name-string-type', 'RFC 5280, 4.1.2.4'], 'attributes in the string type of their kind', (subject) =>
    isAuthority(subject.certificate) ? true : offenders(subject, (one) => !hasStringType(one)),
  ),
  // An authority keeps the name that it has used before, however it was written.
  warning(
    ['authority-string-type', 'RFC 5280, 4.1.2.4 (a)'],
    'attributes in the string type of their kind',
    (subject) => (isAuthority(subject.certificate) ? offenders(subject, (one) => !hasStringType(one)) : true),
  ),
  error(['name-length', 'RFC 5280, appendix A.1'], 'attributes within their upper bounds', (subject) =>
    offenders(subject, (one) => countCharacters(one) > (upperBounds[one.type] ?? Number.POSITIVE_INFINITY)),
  ),
  error(['name-text', 'RFC 5280, appendix A.1'], 'attributes that are not empty', (subject) =>
    offenders(subject, ({ text }) => text !== undefined && text.trim() === ''),
  ),
  error(['name-characters', 'RFC 4518, 2.2 and 2.4'], 'text without control and direction characters', (subject) =>
    offenders(subject, ({ text = '' }) => hidden.test(text)),
  ),
  warning(['name-spaces', 'RFC 4518, 2.6.1'], 'text without spaces at its ends', (subject) =>
    offenders(subject, ({ text = '' }) => text !== text.trim()),
  ),
  error(['name-country', 'RFC 5280, appendix A.1; ISO 3166-1'], 'a country of two capital letters', (subject) =>
    offenders(subject, ({ type, text = '' }) => type === attributeOids.C && !/^[A-Z]{2}$/.test(text)),
  ),
  error(['name-email', 'RFC 5280, 4.1.2.6'], 'a mailbox as e-mail address', (subject) =>
    offenders(subject, ({ type, text = '' }) => type === attributeOids.emailAddress && !isMailbox(text)),
  ),
  warning(['name-email-elsewhere', 'RFC 5280, 4.1.2.6'], 'e-mail addresses as alternative names', ({ certificate }) =>
    listAttributes(certificate.subject, 'emailAddress').filter((text) => !isAlternative(certificate, text)),
  ),
  error(['name-domain-label', 'RFC 2247, 4; RFC 1034, 3.5'], 'domain components of one label each', (subject) =>
    offenders(subject, ({ type, text = '' }) => type === attributeOids.DC && !domainLabel.test(text)),
  ),
  warning(
    ['name-single-valued', 'Baseline Requirements, 7.1.4.2'],
    'relative names of one attribute',
    ({ certificate: { subject } }) => subject.relativeNames.every(({ length }) => length === 1),
  ),
  warning(
    ['name-once', 'Baseline Requirements, 7.1.4.2'],
    'each attribute once, but for OU, DC and street',
    ({ certificate: { subject } }) => listRepeated(subject),
  ),
];

/** In characters: ub-common-name and its like; attributes that are not here have none. */
const upperBounds: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries({
    CN: 64,
    SN: 32_768,
    serialNumber: 64,
    C: 2,
    L: 128,
    ST: 128,
    street: 128,
    O: 64,
    OU: 64,
    title: 64,
    GN: 32_768,
    initials: 32_768,
    generationQualifier: 32_768,
    pseudonym: 128,
    emailAddress: 255,
    UID: 256,
  } satisfies Partial<Record<AttributeName, number>>).map(([name, bound]) => [
    attributeOids[name as AttributeName],
    bound,
  ]),
);

const printableOnly: readonly string[] = [attributeOids.C, attributeOids.serialNumber, attributeOids.dnQualifier];
const ia5Only: readonly string[] = [attributeOids.DC, attributeOids.emailAddress];
const repeatable: readonly string[] = [attributeOids.OU, attributeOids.DC, attributeOids.street];

/** Controls, joiners of no script, and what turns the direction of the text around it. */
const hidden = /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]/u;
const domainLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

function offenders(
  { attributes }: LintSubject,
  isWrong: (attribute: NameAttribute) => boolean,
): true | readonly string[] {
  if (!attributes.some(isWrong)) return true;
  return attributes.filter(isWrong).map((one) => `${one.type}=${one.text ?? ''}`);
}

/** "CAs MUST use either PrintableString or UTF8String", but where the attribute has a type of its own. */
function hasStringType({ type, value }: NameAttribute): boolean {
  const tag = value[0];
  if (printableOnly.includes(type)) return tag === tags.printableString;
  if (ia5Only.includes(type)) return tag === tags.ia5String;
  return tag === tags.printableString || tag === tags.utf8String || !(type in upperBounds);
}

function countCharacters({ text = '' }: NameAttribute): number {
  // Only what is long needs to be counted by characters.
  return text.length <= 64 ? text.length : [...text].length;
}

function isAlternative({ extensions }: LintSubject['certificate'], address: string): boolean {
  return (extensions.subjectAlternativeName?.value ?? []).some((one) => one.kind === 'email' && one.text === address);
}

function listRepeated({ relativeNames }: DistinguishedName): readonly string[] {
  const types = relativeNames.flat().map(({ type }) => type);
  return types.filter((type, index) => !repeatable.includes(type) && types.indexOf(type) !== index);
}
