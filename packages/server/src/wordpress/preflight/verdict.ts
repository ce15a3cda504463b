/** What the gates of a project make of the results of the tools, and whether a deploy may be confirmed. */
import { Refusal } from '../../errors.ts';
import type { ToolResult } from './findings.ts';
import type { Standing } from './preflight.ts';
import { openStates } from './store.ts';
import type { Subject } from './subject.ts';
import { type Gate, type PreflightSettings, type ToolName, toolNames } from './tools.ts';

/** The results that are there. */
export type ToolResults = Readonly<Partial<Record<ToolName, ToolResult>>>;

/** What came of one tool, and what it means for a deploy. */
export interface JudgedTool {
  readonly tool: ToolName;
  readonly gate: Gate;
  /** `waiting`: it has not said anything yet. */
  readonly outcome: 'passed' | 'failed' | 'not_run' | 'waiting';
  readonly verdict: 'acceptable' | 'acknowledge' | 'refused';
  readonly result: ToolResult | undefined;
}

/** Judges each tool: errors fail it, warnings do not. What did not run is as good as failed. */
export function judgeResults(results: ToolResults, gates: PreflightSettings['gates']): readonly JudgedTool[] {
  return toolNames.map((tool) => {
    const result = results[tool];
    const outcome = outcomeOf(result);
    return { tool, gate: gates[tool], outcome, verdict: verdictOf(gates[tool], outcome), result };
  });
}

function outcomeOf(result: ToolResult | undefined): JudgedTool['outcome'] {
  if (!result) return 'waiting';
  if (result.outcome === 'not_run') return 'not_run';
  return result.errors > 0 ? 'failed' : 'passed';
}

function verdictOf(gate: Gate, outcome: JudgedTool['outcome']): JudgedTool['verdict'] {
  if (gate === 'off' || outcome === 'passed') return 'acceptable';
  return gate === 'hard' ? 'refused' : 'acknowledge';
}

/** The worst of them. */
export function worstOf(tools: readonly JudgedTool[]): JudgedTool['verdict'] {
  const verdicts = tools.map(({ verdict }) => verdict);
  return verdicts.includes('refused') ? 'refused' : verdicts.includes('acknowledge') ? 'acknowledge' : 'acceptable';
}

/**
 * Lets a deploy pass, or throws `conflict`: rule `preflight-missing`, `preflight-running`, `preflight-stale`, `preflight-refused` with the hard
 * tools that are not acceptable, `preflight-acknowledge` with the soft ones unless `acknowledged` is the id of this very report. `sha256` is of the file
 * that goes to the repository: a report on another one is stale. Returns what is to be put on record.
 */
export function admitDeploy(
  { settings, report, changes }: Standing,
  { sha256, acknowledged }: { readonly sha256: string; readonly acknowledged: string | undefined },
): Readonly<Record<string, string>> {
  if (toolNames.every((tool) => settings.gates[tool] === 'off')) return {};
  if (!report || report.state === 'cancelled')
    throw refuse('preflight-missing', 'expected a pre-flight of the release, got none');
  if (openStates.includes(report.state))
    throw refuse('preflight-running', 'the pre-flight of the release is under way');
  if (changes.length > 0)
    throw refuse('preflight-stale', `since the pre-flight of the release others are: ${changes.join(', ')}`);
  if ((JSON.parse(report.subject) as Subject).sha256 !== sha256)
    throw refuse('preflight-stale', 'the pre-flight of the release was of another file than the deploy is');
  const tools = judgeResults(JSON.parse(report.results) as ToolResults, settings.gates);
  const refused = tools.filter(({ verdict }) => verdict === 'refused');
  if (refused.length > 0) throw refuse('preflight-refused', `hard gates of the pre-flight: ${describeAll(refused)}`);
  const soft = tools.filter(({ verdict }) => verdict === 'acknowledge');
  if (soft.length > 0 && acknowledged !== report.id) {
    throw refuse('preflight-acknowledge', `soft gates of the pre-flight: ${describeAll(soft)}`);
  }
  const names = soft.map(({ tool }) => tool).join(',');
  return { preflight: report.id, ...(names !== '' && { acknowledged: names }) };
}

function describeAll(tools: readonly JudgedTool[]): string {
  return tools.map(({ tool, result }) => `${tool} ${describe(result)}`).join('; ');
}

function describe(result: ToolResult | undefined): string {
  if (!result) return 'has no result';
  return result.outcome === 'run' ? `found ${result.errors} errors` : `did not run: ${result.reason}`;
}

const hints = {
  'preflight-missing': 'signpost wordpress preflight run SLUG VERSION',
  'preflight-running': 'signpost wordpress preflight show SLUG VERSION tells when it is done',
  'preflight-stale': 'signpost wordpress preflight run SLUG VERSION',
  'preflight-refused':
    "signpost wordpress preflight show SLUG VERSION; mend it under a new version, or have the project's settings changed",
  'preflight-acknowledge':
    'look at signpost wordpress preflight show SLUG VERSION, then confirm with --acknowledge and the id of the report',
} as const;

function refuse(rule: keyof typeof hints, message: string): Refusal {
  return new Refusal('conflict', message, { rule, hint: hints[rule] });
}
