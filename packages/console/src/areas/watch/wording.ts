/** How findings, lines and signers are named and shown, on all pages of the area. */

import type { Answer } from '../../api/client.ts';

/** A finding as the API lists it. */
export type Finding = Answer<'GET /api/watch/findings'>['findings'][number];

/** How bad it is. */
export type Severity = Finding['severity'];

/** From the worst on. */
export const severities = ['critical', 'high', 'medium', 'low', 'note'] as const satisfies readonly Severity[];

/** All that a finding may be. */
export const findingStates = [
  'open',
  'acknowledged',
  'accepted',
  'rejected',
  'benign',
  'resolved',
  'collapsed',
] as const satisfies readonly Finding['state'][];

/** The light of each severity: from high on it is danger. */
export const severityLevels = {
  critical: 'bad',
  high: 'bad',
  medium: 'attention',
  low: 'info',
  note: 'off',
} as const satisfies Readonly<Record<Severity, string>>;

/** The look of each state of a finding. */
export const findingKinds = {
  open: 'attention',
  acknowledged: 'info',
  accepted: 'good',
  rejected: 'bad',
  benign: 'plain',
  resolved: 'plain',
  collapsed: 'plain',
} as const satisfies Readonly<Record<Finding['state'], string>>;

/** Whether somebody still has to say something of it. */
export function isUndecided({ state }: { readonly state: Finding['state'] }): boolean {
  return state === 'open' || state === 'acknowledged';
}

/** Who signs, in one line: the claims of an identity as far as they are told, or the digest of a key. */
export function nameSigner(signer: Readonly<Record<string, unknown>>): string {
  const nested = signer.identity;
  if (typeof nested === 'object' && nested !== null) return nameSigner(nested as Record<string, unknown>);
  const named = [signer.subject, signer.workflow, signer.repository, signer.key, signer.kind];
  return named.find((text): text is string => typeof text === 'string' && text !== '') ?? JSON.stringify(signer);
}

/** How many findings are open, the worst first. */
export function listOpen(open: Partial<Record<Severity, number>>): readonly { severity: Severity; count: number }[] {
  return severities.flatMap((severity) => {
    const count = open[severity] ?? 0;
    return count === 0 ? [] : [{ severity, count }];
  });
}

/** A source with what is known of it. */
export type Source = Answer<'GET /api/watch/inventory'>['sources'][number];

/** How loud a source is: the worst open finding weighs more than any number of lesser ones, and silence more than nothing. */
export function weighSource({ open, unanswered_since }: Source): number {
  const found = severities.map((severity) => Math.min(open[severity] ?? 0, 9));
  return Number(found.join('')) * 2 + (unanswered_since === null ? 0 : 1);
}

/** Who signs a source, by name, over all of its lines. */
export function listSigners({ lines }: Source): readonly string[] {
  return [...new Set(lines.flatMap(({ signers }) => signers.map(({ signer }) => nameSigner(signer))))];
}

/** Which findings tell of what could not be seen, as the server is asked for them. */
export const blindness = { kind: 'observation,system,baseline' } as const;

/** The look of each state of a line. */
export const lineKinds = {
  cold: 'plain',
  learning: 'info',
  established: 'good',
  declared: 'good',
  frozen: 'bad',
} as const;

/** The light of what a gate says. */
export const outcomeLevels = { ok: 'good', warn: 'attention', deny: 'bad', unknown: 'off' } as const;

/** The look of what was decided about a signer. */
export const signerKinds = { accepted: 'good', retired: 'plain', revoked: 'bad', rejected: 'bad' } as const;
