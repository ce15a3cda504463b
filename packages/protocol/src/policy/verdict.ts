/** The verdict of a policy: a list of findings, each with what was expected and what was found. */

/** What a finding is about. */
export const policyRules = [
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
] as const;

/** The name of a rule; part of the API. */
export type PolicyRule = (typeof policyRules)[number];

/** One rule held against one artifact, or against the release. */
export interface Finding {
  readonly rule: PolicyRule;
  /** The artifact's name; absent: the release as a whole. */
  readonly artifact: string | undefined;
  /** `unknown`: it could not be told; it counts as unmet. `waived`: unmet, and overridden. */
  readonly outcome: 'met' | 'unmet' | 'unknown' | 'waived';
  readonly expected: string;
  readonly found: string;
  /** What would help. */
  readonly hint: string | undefined;
}

/** What a policy says of a release. */
export interface Verdict {
  /** `passed`: every rule is met. `waived`: those that are not are overridden. `denied`: neither. */
  readonly result: 'passed' | 'waived' | 'denied';
  readonly mode: 'enforce' | 'observe';
  readonly findings: readonly Finding[];
}

/** A decision by a person to let rules go for one release, until it ends. */
export interface Override {
  readonly rules: readonly PolicyRule[];
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** Whether the release must not go into service. */
export function isBlocking({ result, mode }: Verdict): boolean {
  return result === 'denied' && mode === 'enforce';
}

/** The verdict of `findings`, those waived that an override in force at `now` (Unix milliseconds) names. */
export function createVerdict(
  findings: readonly Finding[],
  { mode, overrides, now }: { mode: Verdict['mode']; overrides: readonly Override[]; now: number },
): Verdict {
  const waived = new Set(overrides.filter(({ expiresAt }) => expiresAt > now).flatMap(({ rules }) => rules));
  const judged = findings.map((finding) =>
    finding.outcome !== 'met' && waived.has(finding.rule) ? { ...finding, outcome: 'waived' as const } : finding,
  );
  const outcomes = new Set(judged.map(({ outcome }) => outcome));
  const denied = outcomes.has('unmet') || outcomes.has('unknown');
  return { result: denied ? 'denied' : outcomes.has('waived') ? 'waived' : 'passed', mode, findings: judged };
}
