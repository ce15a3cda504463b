/** Rules for where lists, answers and issuers are to be found (RFC 5280, 4.2.1.13, 4.2.1.15, 4.2.2; RFC 6960, 3.1). */
import { isAuthority, isSelfIssued } from '../certificate.ts';
import type { GeneralName } from '../general-name.ts';
import type { DistributionPoint } from '../location-extensions.ts';
import { isUri } from '../name-syntax.ts';
import { accessMethods } from '../oids.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for addresses in certificates. */
export const locationRules: readonly LintRule[] = [
  error(['list-address', 'RFC 5280, 4.2.1.13'], 'lists at an http or ldap address', (subject) =>
    listPoints(subject)
      .flatMap(listFullNames)
      .filter((name) => name.kind !== 'directory' && !isAddress(name, ['http', 'https', 'ldap']))
      .map(describe),
  ),
  warning(['address-plain', 'RFC 5280, 8'], 'addresses whose certificate need not be verified first', (subject) =>
    [...listPoints(subject).flatMap(listFullNames), ...listAccess(subject).map(({ location }) => location)]
      .filter((name) => isAddress(name, ['https', 'ldaps']))
      .map(describe),
  ),
  warning(['list-name', 'RFC 5280, 4.2.1.13'], 'distribution points by full name', (subject) =>
    listPoints(subject).every(({ name }) => name?.kind === 'full'),
  ),
  warning(['list-all-reasons', 'RFC 5280, 4.2.1.13'], 'a distribution point for all reasons', (subject) => {
    const points = subject.certificate.extensions.crlDistributionPoints?.value;
    return !points || points.some(({ reasons }) => reasons === undefined);
  }),
  error(['access-address', 'RFC 5280, 4.2.2.1; RFC 6960, 3.1'], 'OCSP and issuers at an http address', (subject) =>
    listAccess(subject)
      .filter(({ method, location }) => method in accessSchemes && !isAddress(location, accessSchemes[method] ?? []))
      .map(({ location }) => describe(location)),
  ),
  warning(['access-once', 'RFC 5280, 4.2.2.1'], 'each address once', (subject) => {
    const all = listAccess(subject).map(({ method, location }) => `${method} ${describe(location)}`);
    return all.filter((one, index) => all.indexOf(one) !== index);
  }),
  warning(['revocation-known', 'RFC 5280, 4.2.1.13'], 'a place to ask about revocation', (subject) => {
    const { crlDistributionPoints, ocspNoCheck } = subject.certificate.extensions;
    const isAskable = crlDistributionPoints || listAccess(subject).some(({ method }) => method === accessMethods.ocsp);
    return isSelfIssued(subject.certificate) || ocspNoCheck !== undefined || !!isAskable;
  }),
  error(
    ['staple-answerable', 'RFC 7633, 4.2.3'],
    'an OCSP address where a stapled answer is demanded',
    (subject) =>
      !subject.certificate.extensions.tlsFeature?.value.includes(statusRequest) ||
      isAuthority(subject.certificate) ||
      listAccess(subject).some(({ method }) => method === accessMethods.ocsp),
  ),
  error(['staple-once', 'RFC 7633, 4.1'], 'each TLS feature once, and at least one', ({ certificate }) => {
    const features = certificate.extensions.tlsFeature?.value;
    return !features || (features.length > 0 && new Set(features).size === features.length);
  }),
];

/** TLS extension 5 (RFC 6066, 8). */
const statusRequest = 5;

function listPoints({ certificate: { extensions } }: LintSubject): readonly DistributionPoint[] {
  return [...(extensions.crlDistributionPoints?.value ?? []), ...(extensions.freshestCrl?.value ?? [])];
}

function listFullNames({ name }: DistributionPoint): readonly GeneralName[] {
  return name?.kind === 'full' ? name.names : [];
}

function listAccess({ certificate: { extensions } }: LintSubject) {
  return [
    ...(extensions.authorityInformationAccess?.value ?? []),
    ...(extensions.subjectInformationAccess?.value ?? []),
  ];
}

/** Schemes by access method; other methods may point at anything. */
const accessSchemes: Readonly<Record<string, readonly string[]>> = {
  [accessMethods.ocsp]: ['http', 'https'],
  [accessMethods.caIssuers]: ['http', 'https', 'ldap'],
};

function isAddress(name: GeneralName, schemes: readonly string[]): boolean {
  if (name.kind !== 'uri') return false;
  return schemes.includes(name.text.slice(0, name.text.indexOf(':')).toLowerCase()) && isUri(name.text);
}

function describe(name: GeneralName): string {
  return name.kind === 'uri' ? name.text : name.kind;
}
