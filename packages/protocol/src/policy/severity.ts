/** How bad a vulnerability is: the qualitative scale of CVSS v3.1, section 5, and v4.0, section 6. */

/** The ratings, from the least to the worst. */
export const severities = ['low', 'medium', 'high', 'critical'] as const;

/** A rating. */
export type Severity = (typeof severities)[number];

/** Whether `severity` is `threshold` or worse. What nobody rated counts as the worst: unknown is not harmless. */
export function isAtLeast(severity: Severity | 'unknown', threshold: Severity): boolean {
  return severity === 'unknown' || severities.indexOf(severity) >= severities.indexOf(threshold);
}
