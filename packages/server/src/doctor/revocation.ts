/** The doctor on revocation: lists and responders that end, or that do not say what was revoked, and that nobody but a person makes anew. */
import { listRevocationTroubles, type TroubledAuthority } from '../pki/revocation/status.ts';
import type { DoctorDependencies, Finding } from './finding.ts';

/** Authorities whose word about revocation is missing, behind, over or about to be. */
export async function examineRevocation(
  dependencies: Pick<DoctorDependencies, 'database' | 'now'>,
  organisationId: string,
): Promise<Finding[]> {
  return (await listRevocationTroubles(dependencies, organisationId)).flatMap(describe);
}

/** How an organisation stands: the worst light of its authorities, `none` without any. */
export async function judgeLight(
  dependencies: Pick<DoctorDependencies, 'database' | 'now'>,
  organisationId: string,
): Promise<{ readonly light: 'green' | 'yellow' | 'red' | 'none'; readonly troubled: number }> {
  const authorities = await listRevocationTroubles(dependencies, organisationId);
  const findings = authorities.flatMap(describe);
  const troubled = authorities.filter(({ troubles }) => troubles.length > 0).length;
  if (authorities.length === 0) return { light: 'none', troubled };
  if (troubled === 0) return { light: 'green', troubled };
  return { light: findings.some(({ level }) => level === 'error') ? 'red' : 'yellow', troubled };
}

function describe({ name, custody, troubles }: TroubledAuthority): Finding[] {
  return troubles.map(({ code, message }) => ({
    // Clients that insist on a list that holds refuse everything below that authority.
    level: code === 'crl-ended' ? 'error' : 'warning',
    code,
    message: `${name}: ${message}`,
    hint: hints[custody](name),
  }));
}

const hints: Readonly<Record<TroubledAuthority['custody'], (name: string) => string>> = {
  dual: (name) => `signpost ca crl publish ${name}, with its passphrase`,
  offline: (name) => `on its machine: signpost ca root crl; then signpost ca crl import ${name} FILE`,
  server: (name) => `signpost unlock; signpost ca crl publish ${name} says what is in the way`,
};
