/** What the tools of the pre-flight say about a plugin. */

/** Something about one line of a file. */
export interface PreflightFinding {
  readonly severity: 'error' | 'warning';
  /** Inside the plugin, with slashes. */
  readonly path: string;
  /** From 1; 0 for the file as a whole. */
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
      /** Errors first, 1,000 at most. */
      readonly findings: readonly PreflightFinding[];
      /** Of all that was found. */
      readonly errors: number;
      readonly warnings: number;
    }
  | { readonly outcome: 'not_run'; readonly reason: string };

/** Findings that are kept of one tool. */
const maxFindings = 1000;
/** In characters. */
const maxMessageLength = 500;
const maxCodeLength = 200;

/** Findings of one tool as they come: all are counted, the first of them kept, errors before warnings. */
export class FoundList {
  readonly #errors: PreflightFinding[] = [];
  readonly #warnings: PreflightFinding[] = [];
  #errorCount = 0;
  #warningCount = 0;

  /** Takes one more. */
  add(finding: PreflightFinding): void {
    const isError = finding.severity === 'error';
    if (isError) this.#errorCount += 1;
    else this.#warningCount += 1;
    const list = isError ? this.#errors : this.#warnings;
    if (list.length < maxFindings) list.push(cut(finding));
  }

  /** The result of a tool that has looked at everything. */
  conclude(version: string): ToolResult {
    const findings = [...this.#errors, ...this.#warnings].slice(0, maxFindings);
    return { outcome: 'run', version, findings, errors: this.#errorCount, warnings: this.#warningCount };
  }
}

/** The result of a tool that said all at once. */
export function createResult(version: string, findings: readonly PreflightFinding[]): ToolResult {
  const list = new FoundList();
  for (const finding of findings) list.add(finding);
  return list.conclude(version);
}

/** The tool did not run, or not to its end. */
export function notRun(reason: string): ToolResult {
  return { outcome: 'not_run', reason: clean(reason).slice(0, maxMessageLength) };
}

function cut(finding: PreflightFinding): PreflightFinding {
  return {
    ...finding,
    path: clean(finding.path),
    code: clean(finding.code).slice(0, maxCodeLength),
    message: clean(finding.message).slice(0, maxMessageLength),
  };
}

/** No database keeps the null character as text. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd');
}
