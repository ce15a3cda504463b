/** Rules for what binds those below: name constraints and policies (RFC 5280, 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11, 4.2.1.14). */
import { TrustError } from '../../errors.ts';
import { isAuthority } from '../certificate.ts';
import type { GeneralName } from '../general-name.ts';
import { assertSubtree } from '../name-syntax.ts';
import { anyPolicy } from '../oids.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for constraints and policies. */
export const constraintRules: readonly LintRule[] = [
  error(
    ['constraints-authority', 'RFC 5280, 4.2.1.5, 4.2.1.10, 4.2.1.11, 4.2.1.14'],
    'constraints only in an authority',
    ({ certificate }) => {
      const { nameConstraints, policyConstraints, policyMappings, inhibitAnyPolicy } = certificate.extensions;
      return isAuthority(certificate) || !(nameConstraints || policyConstraints || policyMappings || inhibitAnyPolicy);
    },
  ),
  error(['name-constraint-syntax', 'RFC 5280, 4.2.1.10'], 'bases in the syntax of their form', (subject) =>
    listSubtrees(subject)
      .filter(isMalformed)
      .map(({ kind }) => kind),
  ),
  warning(['name-constraint-form', 'RFC 5280, 4.2.1.10'], 'constraints that validators understand', (subject) =>
    listSubtrees(subject)
      .map(({ kind }) => kind)
      .filter((kind) => !understood.includes(kind)),
  ),
  error(['policy-mapping-any', 'RFC 5280, 4.2.1.5'], 'no mapping from or to any policy', ({ certificate }) =>
    (certificate.extensions.policyMappings?.value ?? []).every(
      ({ issuerPolicy, subjectPolicy }) => issuerPolicy !== anyPolicy && subjectPolicy !== anyPolicy,
    ),
  ),
  warning(['policy-mapping-stated', 'RFC 5280, 4.2.1.5'], 'mappings of policies that are stated', (subject) => {
    const stated = listPolicies(subject);
    const mappings = subject.certificate.extensions.policyMappings?.value ?? [];
    return mappings.map(({ issuerPolicy }) => issuerPolicy).filter((policy) => !stated.includes(policy));
  }),
  warning(
    ['policy-user-any', 'RFC 5280, 4.2.1.4'],
    'policies by name, except in authorities',
    (subject) => isAuthority(subject.certificate) || !listPolicies(subject).includes(anyPolicy),
  ),
];

const understood: readonly GeneralName['kind'][] = ['dns', 'email', 'ip', 'uri', 'directory'];

function listSubtrees({ certificate }: LintSubject): readonly GeneralName[] {
  const constraints = certificate.extensions.nameConstraints?.value;
  return constraints ? [...constraints.permitted, ...constraints.excluded] : [];
}

function listPolicies({ certificate }: LintSubject): readonly string[] {
  return (certificate.extensions.certificatePolicies?.value ?? []).map(({ policy }) => policy);
}

function isMalformed(name: GeneralName): boolean {
  try {
    assertSubtree(name);
    return false;
  } catch (cause) {
    if (cause instanceof TrustError) return true;
    throw cause;
  }
}
