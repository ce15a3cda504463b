/** A trust list in words. */
import type { TrustList } from '@signpost/protocol/updates/trust-list';

/** Placeholder until the protocol package has it. */
export function describeTrustList(list: TrustList, previous?: TrustList): string[] {
  return [
    `Trust list version ${list.version}${previous ? ` (last: ${previous.version})` : ''}`,
    ...list.validKeys.map(
      ({ key, label, custody, scope }) => `  key ${key.keyId.slice(0, 16)} "${label}" ${custody} ${scope.join(' ')}`,
    ),
    ...list.revokedKeys.map(({ keyId, reason }) => `  revoked ${keyId.slice(0, 16)}: ${reason}`),
    ...list.projects.map(({ project, approvals }) => `  project ${project}: ${approvals} approvals`),
  ];
}
