/** What the tools of the pre-flight say about a plugin. */

/** Something about one line of a file. */
export interface PreflightFinding {
  readonly severity: 'error' | 'warning';
  /** Inside the plugin, with slashes. */
  readonly path: string;
  readonly line: number;
  /** The tool's own name for it. */
  readonly code: string;
  readonly message: string;
}

/** What came of one tool. What did not run is said to, and never counts as clean. */
export type ToolResult =
  | {
      readonly outcome: 'run';
      /** Of the tool, in its own words. */
      readonly version: string;
      readonly findings: readonly PreflightFinding[];
      /** Findings above the limit, which are counted alone. */
      readonly more: number;
    }
  | { readonly outcome: 'not_run'; readonly reason: string };

/** Findings that are kept of one tool. */
const maxFindings = 1000;
/** In characters. */
const maxMessageLength = 500;

/** The result of a tool that ran, errors first; what is above the limits is counted and cut. */
export function createResult(version: string, findings: readonly PreflightFinding[]): ToolResult {
  const ordered = findings.toSorted(
    (one, other) => Number(other.severity === 'error') - Number(one.severity === 'error'),
  );
  const kept = ordered
    .slice(0, maxFindings)
    .map((finding) => ({ ...finding, message: finding.message.slice(0, maxMessageLength) }));
  return { outcome: 'run', version, findings: kept, more: findings.length - kept.length };
}
