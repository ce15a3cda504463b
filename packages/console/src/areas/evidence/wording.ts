/** How trusted roots, verdicts and vulnerabilities are shown, on all pages of the area. */

import type { Answer } from '../../api/client.ts';

/** A trusted root as the API lists it. */
export type TrustedRoot = Answer<'GET /api/evidence/trust-roots'>['trust_roots'][number];

/** What the policy said of a release. */
export type Verdict = NonNullable<Answer<'GET /api/projects/{slug}/releases/{version}/evidence'>['verdict']>;

/** A rule of a release policy, by name. */
export type RuleName = Verdict['findings'][number]['rule'];

/** All rules that can be let go, in the order of the policy. */
export const ruleNames = [
  'signature',
  'signature-age',
  'provenance',
  'builder',
  'source',
  'build-type',
  'build-level',
  'sbom',
  'sbom-complete',
  'vulnerabilities',
  'vulnerability-data',
  'scan',
  'approvals',
] as const satisfies readonly RuleName[];

/** The light of a trusted root. */
export const lightLevels = { green: 'good', yellow: 'attention', red: 'bad' } as const;

/** The light of a verdict. */
export const resultLevels = { passed: 'good', waived: 'attention', denied: 'bad' } as const;

/** The light of one rule. */
export const outcomeLevels = { met: 'good', unmet: 'bad', unknown: 'attention', waived: 'info' } as const;

/** The light of how bad a vulnerability is. */
export const vulnerabilityLevels = {
  critical: 'bad',
  high: 'bad',
  medium: 'attention',
  low: 'info',
  none: 'off',
  unknown: 'attention',
} as const;

/** The text of a file that somebody chose. */
export async function readText(input: HTMLInputElement): Promise<string> {
  return (await input.files?.[0]?.text()) ?? '';
}
